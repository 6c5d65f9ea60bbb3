import { POSTS_PER_PAGE } from '../parse/address.js'
import { formatFrenchDate } from '../parse/french-date.js'
import { pageFrame, pager, pagerView } from './frame.js'
import type { Dress } from './frame.js'
import type { SimulatedPost, SimulatedTopic } from './archive.js'
import type { Forum } from './forum.js'
import { escape, jvCare } from './markup.js'

/** A topic's page as the site serves it: the visible markup and the payload hold the same posts. */
export function topicView(
  forum: Forum,
  topic: SimulatedTopic,
  page: number,
  dress: Dress,
  posts: readonly SimulatedPost[] = forum.pagePosts(topic, page),
): string {
  const count = forum.pageCount(topic)
  const address = (n: number): string => forum.address(topic, n)
  const first = posts[0]
  const when = first === undefined ? '' : ` - ${formatFrenchDate(first.at)}`
  const shown = dress.visible
    ? `<div id="listMessages" class="container__messages">${posts.map(postMarkup).join('')}</div>`
    : ''
  return pageFrame(
    {
      title: `${topic.title} sur le forum ${forum.name}${when}${page > 1 ? ` - page ${page}` : ''}`,
      address: address(1),
      main: `<nav class="breadcrumb"><h1 class="breadcrumb__item">Topic ${escape(topic.title)}</h1></nav>
<div class="titleMessagesUsers"><h2 class="titleMessagesUsers__title">
                ${escape(topic.title)}
</h2></div>
${shown}${pager(page, count, address)}`,
      payload: {
        ...PREFERENCES,
        forum: { isForumReadable: true, isForumReadOnly: topic.pin === 'off', lockReason: [], statusCode: 200 },
        listMessage: posts.map((post) => postPayload(post, forum.forumId)),
        forumInfo: { type: 'forum-info', header: { title: 'Infos', btnVal: 1234, btnLabel: 'connectés' } },
        isUserConnected: false,
        forumId: Number(forum.forumId),
        topicId: Number(topic.id),
        pagerView: pagerView(page, count, address),
        topicsListUrl: forum.listAddress(1),
        topicTitleField: topic.title,
        topicIsResolved: false,
        survey: { hasSurvey: false, data: [] },
      },
    },
    dress,
  )
}

/** The part that every payload of the site has besides its data, shortened. */
export const PREFERENCES = {
  userParameters: { parameters: { items: [{ label: 'Afficher les avatars', isActive: true, id: 'isShowAvatars' }] } },
  ajaxSessionPreferencesToken: '0000000000000000000000000000000000000000',
  isOnlyMobile: false,
} as const

function postMarkup(post: SimulatedPost, place: number): string {
  const advert =
    place === POSTS_PER_PAGE / 2 ? '<ins data-ad-position="rectangle_mtf" data-breakpoints= "xs,s,m" ></ins>' : ''
  const avatar = post.orphan
    ? ''
    : jvCare(profile(post.author), 'avatar avatar--with-animation', avatarImage(post.author), ' target="__blank"')
  const label = post.orphan
    ? `<div class="messageUser__label">${post.author}</div>`
    : jvCare(profile(post.author), 'messageUser__label ', escape(post.author), ' target="__blank"')
  const date = post.orphan
    ? `<div class="messageUser__date">${post.hour}</div>`
    : jvCare(`/sso/login?url=${post.id}`, 'messageUser__date', post.hour)
  return `${advert}
        <span id="post_${post.id}" class="messageUser__anchor"></span>
        <div class="messageUser js-hybrid-component" id="message-${post.id}">
    <div class="messageUser__card js-message-user-card">
        <div class="messageUser__header">${avatar}<div class="messageUser__profil">
                ${label}                <div class="messageUser__level">Niveau ${1 + (post.author.length % 99)}</div>                ${date}            </div></div>
        <div class="messageUser__main">
            <div class="messageUser__msg js-message-user-msg">
                ${post.html}
            </div>
                                </div>
    </div>
</div>`
}

function postPayload(post: SimulatedPost, forumId: string): unknown {
  return {
    id: Number(post.id),
    topicId: Number(post.topicId),
    forumId: Number(forumId),
    permalinkUrl: `https://www.jeuxvideo.com/sso/login?url=${post.id}`,
    text: post.source,
    renderedText: post.html,
    renderingData: [],
    stateMessage: 'msg-visible',
    publishedDate: post.hour,
    publishedAuthorId: post.orphan ? null : 1,
    publishedAuthorName: post.orphan ? null : post.author,
    publishedAuthorIsDeleted: post.orphan,
    publishedAuthorSignature: null,
    publishedAuthorSignatureRendered: '',
    publishedAuthorRole: '',
    updatedDate: null,
    updatedAuthorName: null,
    updatedText: null,
    isBlacklisted: false,
    actions: null,
  }
}

function profile(author: string): string {
  return `https://www.jeuxvideo.com/profil/${author.toLowerCase()}?mode=infos`
}

function avatarImage(author: string): string {
  return `<img src="https://image.jeuxvideo.com/avatar-md/default.jpg" class="avatar__image" alt="${escape(author)}" loading="lazy" />`
}
