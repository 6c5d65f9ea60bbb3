import { formatFrenchDate, formatParisDay, formatParisTime } from '../parse/french-date.js'
import { pageFrame, pager, pagerView } from './frame.js'
import type { Dress } from './frame.js'
import type { SimulatedTopic } from './archive.js'
import type { Forum } from './forum.js'
import { escape, jvCare } from './markup.js'
import { PREFERENCES } from './topic-view.js'

/** Answers from which a topic is hot. */
const HOT = 20

/** A page of the forum's list as the site serves it. @param now epoch milliseconds, for the relative dates. */
export function listView(forum: Forum, page: number, now: number, dress: Dress): string {
  const topics = forum.listPage(page)
  const address = (n: number): string => forum.listAddress(n)
  const rows = topics.map((topic, place) => {
    const advert = place === 12 ? '<li><ins data-ad-position="inlist"></ins></li>' : ''
    return advert + rowMarkup(forum, topic, now)
  })
  const shown = dress.visible
    ? `<ul class="tablesForum tablesForum--listTopics">
        <li class="tablesForum__headRow"><span class="tablesForum__rowSujets">Sujets</span><span class="tablesForum__rowLastMsg">Activité</span></li>${rows.join('')}</ul>`
    : ''
  // Links to topics beside the list, which are none of its rows.
  const missed = topics
    .slice(-2)
    .map((topic) => `<a href="${escape(forum.address(topic, 1))}">${escape(topic.title)}</a>`)
  return pageFrame(
    {
      title: `Forum ${forum.name}`,
      address: address(page),
      main: `<h1 class="breadcrumb__item">Forum ${forum.name}</h1>
${shown}<div class="sideCard"><h2>Sujets à ne pas manquer</h2>${missed.join('')}</div>${pager(page, forum.listPageCount(), address)}`,
      payload: {
        ...PREFERENCES,
        forum: { isForumReadable: true, isForumReadOnly: false, lockReason: [], statusCode: 200 },
        forumInfo: {
          header: { title: 'Infos', btnVal: 1234, btnLabel: 'connectés' },
          data: [
            {
              id: 1,
              header: { title: 'Sujets à ne pas manquer' },
              body: topics.slice(-2).map((topic) => missedTopic(forum, topic)),
            },
          ],
        },
        listTopics: topics.map((topic) => rowPayload(forum, topic, now)),
        listTopicsUrlUpdate: `https://www.jeuxvideo.com/forums/list_topics/?forum_id=${forum.forumId}`,
        isUserConnected: false,
        forumId: Number(forum.forumId),
        pagerView: pagerView(page, forum.listPageCount(), address),
      },
    },
    dress,
  )
}

function rowMarkup(forum: Forum, topic: SimulatedTopic, now: number): string {
  const last = lastAt(topic)
  const { icon } = state(topic)
  return `
                    <li id="topic-${topic.id}" class="tablesForum__bodyRow  js-hybrid-component">
    <a class="tablesForum__cellSubject" href="${escape(forum.address(topic, 1))}" title="${escape(topic.title)}">
        <i class="tablesForum__subjectMarkerIcon  ${icon}"></i>
        <span class="tablesForum__subjectText">
            ${escape(topic.title)}        </span>
    </a>
        <div class="tablesForum__cellParticipants js-topic-participants-action">
        ${jvCare('https://www.jeuxvideo.com/profil/x?mode=infos', 'avatar tablesForum__firstAvatar', '', ` title="${escape(topic.author)}" target="__blank"`)}
            </div>
        <span class="tablesForum__cellText tablesForum__cellText--msg" data-val="Réponses :" data-val-short="Rép. :">
        ${topic.posts.length - 1}
    </span>
    ${jvCare(forum.address(topic, forum.pageCount(topic)), 'tablesForum__cellLink', relative(last, now), ` title="${formatFrenchDate(last).replace('à', '&agrave;')}" data-val="Activit&eacute; :"`)}

    </li>`
}

function rowPayload(forum: Forum, topic: SimulatedTopic, now: number): unknown {
  const last = lastAt(topic)
  return {
    id: Number(topic.id),
    title: topic.title,
    url: forum.address(topic, 1),
    lastPageUrl: forum.address(topic, forum.pageCount(topic)),
    stateTopic: 'msg-visible',
    stateIcon: state(topic).name,
    author: { aliasId: 1, pseudo: topic.author, profileUrl: 'https://www.jeuxvideo.com/profil/x?mode=infos', role: '' },
    participants: [],
    participantsCount: 1,
    lastMessageDate: relative(last, now),
    lastMessageDateAlt: formatParisDay(last) === formatParisDay(now) ? formatParisTime(last) : formatParisDay(last),
    realLastMessageDate: formatFrenchDate(last),
    responsesCount: topic.posts.length - 1,
    messagesList: [],
    actions: [],
  }
}

function missedTopic(forum: Forum, topic: SimulatedTopic): unknown {
  const url = `https://www.jeuxvideo.com${forum.address(topic, 1)}`
  return { id: Number(topic.id), label: topic.title, url, blank: false, actions: null }
}

function state(topic: SimulatedTopic): { name: string; icon: string } {
  if (topic.pin !== undefined) return { name: `pinned-${topic.pin}`, icon: `icon-topic-pin topic-pin-${topic.pin}` }
  return topic.posts.length - 1 >= HOT
    ? { name: 'hot', icon: 'tablesForum__iconTopicRed icon-topic-folder' }
    : { name: 'normal', icon: 'tablesForum__iconTopicYellow icon-topic-folder' }
}

function relative(at: number, now: number): string {
  const minutes = Math.max(0, Math.floor((now - at) / 60_000))
  if (minutes < 60) return `${minutes} min`
  return minutes < 24 * 60 ? `${Math.floor(minutes / 60)} h` : `${Math.floor(minutes / 1440)} j`
}

function lastAt(topic: SimulatedTopic): number {
  return topic.posts.at(-1)?.at ?? 0
}
