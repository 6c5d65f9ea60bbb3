import { encodeJvCare } from '../src/parse/index.js'

/** Invented pages in the markup of January 2022 to April 2026, as served, before JavaScript. */

function care(address: string, classes: string, inner: string, attributes = ''): string {
  return `<span class="JvCare ${encodeJvCare(address)} ${classes}"${attributes}>
        ${inner}
      </span>`
}

function profile(name: string): string {
  return `https://www.jeuxvideo.com/profil/${name.toLowerCase()}?mode=infos`
}

interface Row {
  readonly id: string
  readonly title: string
  readonly icon: string
  readonly author: string | undefined
  readonly count: string
  readonly lastPage: number
  readonly date: string
}

function row({ id, title, icon, author, count, lastPage, date }: Row): string {
  const link = (page: number): string => `/forums/42-51-${id}-${page}-0-1-0-sujet.htm`
  const who =
    author === undefined
      ? '<span class="text-user topic-author" style="font-style: italic">Pseudo supprimé</span>'
      : care(profile(author), 'text-user topic-author', author, ' target="_blank"')
  return `<li class="" data-id="${id}">
      <span class="topic-subject"><i title="Sujet" class="${icon} topic-img"></i>
        <a class="lien-jv topic-title stretched-link" href="${link(1)}" title="${title}">
          ${title}
        </a></span>
      ${who}
      <span class="topic-count">
        ${count}
      </span>
      <span class="topic-date">${care(link(lastPage), 'lien-jv', date)}</span>
    </li>`
}

export const G4_LIST = `<!DOCTYPE html>
<html lang="fr"><head><title>Forum Blabla 18-25 ans - jeuxvideo.com</title></head><body>
<div class="bloc-pre-pagi-forum">${care('/forums/0-51-0-1-0-51-0-blabla-18-25-ans.htm', 'pagi-suivant-actif icon-next', '')}</div>
<ul class="topic-list topic-list-admin">
<li class="topic-head"><span class="topic-subject">Sujet</span><span class="topic-author">Auteur</span><span class="topic-count">NB</span><span class="topic-date">Dernier msg</span></li>
${row({ id: '68700001', title: 'Règles', icon: 'icon-topic-pin topic-pin-off', author: 'Modo_Demo', count: '0', lastPage: 1, date: '03/01/2022' })}
${row({ id: '68700002', title: 'Vu &amp; revu', icon: 'icon-topic-pin topic-pin-on', author: '[Demo]', count: '41', lastPage: 3, date: '18:24:11' })}
<li class="dfp__atf"><ins data-ad-position="inlist"></ins></li>
${row({ id: '68700003', title: 'Un sujet', icon: 'icon-topic-folder topic-folder2', author: 'Demo-B', count: '12 / 20', lastPage: 1, date: '18:24:09' })}
${row({ id: '68700004', title: 'Orphelin', icon: 'icon-topic-folder topic-folder1', author: undefined, count: '3', lastPage: 1, date: '18:23:58' })}
${row({ id: '68700005', title: 'Fermé', icon: 'icon-topic-folder topic-lock', author: 'Demo', count: '3', lastPage: 1, date: '18:20:00' })}
${row({ id: '68700006', title: 'Résolu', icon: 'icon-topic-folder topic-resolved', author: 'Demo', count: '3', lastPage: 1, date: '18:20:00' })}
${row({ id: '68700007', title: 'Supprimé', icon: 'topic-removed', author: 'Demo', count: '3', lastPage: 1, date: '18:20:00' })}
</ul></body></html>`

interface G4Post {
  readonly id: string
  readonly author: string | undefined
  readonly date: string
  readonly body: string
  readonly classes?: string
  readonly after?: string
}

function post({ id, author, date, body, classes = 'mx-2 mx-lg-0 ', after = '' }: G4Post): string {
  const header =
    author === undefined
      ? `<div class="bloc-pseudo-msg">
        Pseudo supprimé
      </div><div class="bloc-options-msg"></div><div class="bloc-date-msg">
        ${date}
      </div>`
      : `${care(profile(author), 'bloc-avatar-msg', `<img src="data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP" data-src="https://image.jeuxvideo.com/avatar-md/default.jpg" class="user-avatar-msg js-lazy avatar" alt="${author}" width='50' height='50'>`)}
      ${care(profile(author), 'bloc-pseudo-msg text-user', author)}
      <div class="bloc-options-msg"></div><div class="bloc-date-msg">${care(`/forums/message/${id}`, 'lien-jv', date)}</div>`
  return `<span id="post_${id}" class="bloc-message-forum-anchor"></span>
<div class="bloc-message-forum ${classes}" data-id="${id}"><div class="conteneur-message">
  <div class="bloc-header">${header}</div>
  <div class="bloc-contenu"><div class="txt-msg  text-enrichi-forum ">${body}</div>${after}</div>
</div></div>`
}

const SHACK = 'https://image.noelshack.com/fichiers/2017/39/3/1506463228-risibg.png'
const PICTURE = care(
  SHACK,
  '',
  `<img class="img-shack" width="68" height="51" src="${SHACK.replace('fichiers', 'minis')}" alt="${SHACK}"/>`,
)

export const G4_TOPIC = `<!DOCTYPE html>
<html lang="fr"><head>
<title>Juge en comparution sur le forum Blabla 18-25 ans - 26-01-2022 18:20:01 - page 3 - jeuxvideo.com</title>
<script type="text/javascript">
    // <![CDATA[
    var id_forum = 51;
    var id_topic = 68703732;
    // ]]>
</script></head><body>
<div class="titre-bloc titre-bloc-forum"><span id="bloc-title-forum">Juge en comparution</span></div>
<div class="bloc-pagi-default"><div class="bloc-liste-num-page"><span><a href="/forums/42-51-68703732-1-0-1-0-juge.htm" class="lien-jv">1</a></span><span class="page-active">3</span></div>${care('/forums/42-51-68703732-7-0-1-0-juge.htm', 'pagi-fin-actif icon-next2', '')}</div>
${post({ id: '1160000008', author: 'Demo_A', date: '26 janvier 2022 à 18:20:01', body: `<p>Premier</p><p>Second ${PICTURE}</p>` })}
${post({
  id: '1160000024',
  author: 'Demo-B',
  date: '26 janvier 2022 à 18:20:31',
  body: `<blockquote class="blockquote-jv"><p>Le 26 janvier 2022 à 18:20:01 Demo_A a écrit :<br />Premier ${PICTURE}</p></blockquote><p>Oui <img src="https://image.jeuxvideo.com/smileys_img/39.gif" alt=":rire:" data-code=":rire:" title=":rire:" width="16" height="16" /></p><img class="img-stickers" src="https://image.jeuxvideo.com/stickers/p/st/1kkh" alt="[[sticker:p/1kkh]]"/>`,
  after: `<div class="info-edition-msg">
        Message édité le 26 janvier 2022 à 18:22:00 par ${care(profile('Demo-B'), '', 'Demo-B')}</div>`,
})}
${post({ id: '1160000031', author: undefined, date: '26 janvier 2022 à 18:21:40', body: `<p>Message d&#039;un pseudo supprimé ${PICTURE}</p>` })}
${post({ id: '1160000032', author: 'Efface', date: '26 janvier 2022 à 18:21:41', body: '<p>x</p>', classes: 'mx-2 mx-lg-0 msg-supprime' })}
${post({ id: '1160000040', author: 'Banni', date: '26 janvier 2022 à 18:21:42', body: '<p>x</p>', classes: 'msg-pseudo-blacklist' })}
${post({ id: '1160000047', author: '[Demo]', date: '26 janvier 2022 à 18:23:10', body: '<p>fin</p>', after: '<div class="signature-msg  text-enrichi-forum "><p>signature</p></div>' })}
<div class="bloc-pagi-default"><div class="bloc-liste-num-page"><span class="page-active">3</span></div></div>
</body></html>`
