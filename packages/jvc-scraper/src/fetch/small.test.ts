import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { countWork } from '../../test/count-work.js'
import { DEFAULT_USER_AGENT, identityOf } from './identity.js'
import { retryAfterMs } from './retry-after.js'
import { Robots } from './robots.js'
import { siteOf, targetOf } from './site.js'

test.each<[string | string[] | undefined, number | undefined]>([
  [undefined, undefined],
  ['', undefined],
  ['soon', undefined],
  ['120', 120_000],
  [['3', '9'], 3000],
  ['Thu, 01 Jan 1970 00:01:30 GMT', 60_000],
  ['Thu, 01 Jan 1970 00:00:00 GMT', 0],
  ['99999999', 600_000],
])('Retry-After %j means %j ms', (header, ms) => {
  expect(retryAfterMs(header, 30_000, 600_000)).toBe(ms)
})

describe('robots.txt', () => {
  const rules = `
    # everybody
    User-agent: *
    Disallow: /private
    Disallow: /*.pdf$
    Allow: /private/open
    Disallow:

    User-agent: other
    User-agent: jvc-scraper/2.0
    Disallow: /forums/message/
    Crawl-delay: 5`

  test.each([
    ['nobody', '/private/x', false],
    ['nobody', '/private/open/x', true],
    ['nobody', '/a.pdf', false],
    ['nobody', '/a.pdf?x', true],
    ['nobody', '/forums/message/1', true],
    ['jvc-scraper', '/private/x', true],
    ['jvc-scraper', '/forums/message/1', false],
    ['OTHER', '/forums/message/1', false],
  ])('%s and %s: %s', (robot, path, allowed) => {
    expect(new Robots(rules, robot).allows(path)).toBe(allowed)
  })

  test.each([
    ['/a%2Db', '/a-b', false],
    ['/a-b', '/a%2db', false],
    ['/%7Ejoe/', '/~joe/x', false],
    ['/café', '/caf%C3%A9', false],
    ['/caf%c3%a9', '/café', false],
    ['/a%2Fb', '/a/b', true],
    ['/a/b', '/a%2Fb', true],
    ['/a?u=https://b', '/a?u=https%3A%2F%2Fb', false],
    ['/a%2A', '/a*b', false],
    ['/a%2A', '/aXb', true],
    ['/a%24', '/a$b', false],
    ['/a*%2Dc$', '/ab-c', false],
    ['/a*%2Dc$', '/ab-cd', true],
  ])('Disallow: %s and %s: %s', (pattern, path, allowed) => {
    expect(new Robots(`User-agent: *\nDisallow: ${pattern}`).allows(path)).toBe(allowed)
  })

  test.each([
    ['jvc-scraper', 5000],
    ['nobody', 0],
  ])('%s waits %i ms between two requests', (robot, ms) => {
    expect(new Robots(rules, robot).crawlDelayMs).toBe(ms)
  })

  test('no rules allow everything, and of two rules of one length the allowing one counts', () => {
    expect(Robots.everything.allows('/x')).toBe(true)
    expect(new Robots('User-agent: *\nDisallow: /a\nAllow: /a').allows('/a')).toBe(true)
  })

  test('a hostile pattern costs linear time', () => {
    const robots = new Robots(`User-agent: *\nDisallow: /${'*a'.repeat(2000)}b$`)
    const path = `/${'a'.repeat(100_000)}`
    expect(robots.allows(path)).toBe(true)
    expect(countWork(() => robots.allows(path))).toBeLessThan(10 * path.length)
  })
})

describe('the site', () => {
  const site = siteOf('https://www.jeuxvideo.com/forums/0-51-0-1-0-26-0-blabla-18-25-ans.htm')
  const from = '/forums/42-51-7-3-0-1-0-x.htm'

  test('is a host and a list', () => {
    expect(site).toMatchObject({ origin: 'https://www.jeuxvideo.com', list: { kind: 'list', forumId: '51', page: 1 } })
  })

  test.each([
    'nonsense',
    'https://www.jeuxvideo.com/',
    'ftp://a/forums/0-51-0-1-0-1-0-x.htm',
    `https://www.jeuxvideo.com${from}`,
  ])('%s is refused', (forum) => {
    expect(() => siteOf(forum)).toThrow(expect.objectContaining({ code: 'address-not-allowed' }))
  })

  test.each([
    ['/forums/42-51-7-2-0-1-0-y.htm', { kind: 'page', path: '/forums/42-51-7-2-0-1-0-y.htm' }],
    ['42-51-7-2-0-1-0-y.htm?x=1#post_3', { kind: 'page', path: '/forums/42-51-7-2-0-1-0-y.htm' }],
    ['https://www.jeuxvideo.com/forums.htm', { kind: 'index' }],
    ['/sso/login?url=x', { kind: 'login' }],
    ['http://169.254.169.254/forums/42-51-7-2-0-1-0-y.htm', { kind: 'elsewhere' }],
    ['http://www.jeuxvideo.com/forums/42-51-7-2-0-1-0-y.htm', { kind: 'elsewhere' }],
    ['//evil.example/forums/42-51-7-2-0-1-0-y.htm', { kind: 'elsewhere' }],
    ['/profil/x?mode=infos', { kind: 'elsewhere' }],
    ['javascript:alert(1)', { kind: 'elsewhere' }],
    ['http://[', { kind: 'elsewhere' }],
  ])('a redirect to %s leads to %j', (location, target) => {
    expect(targetOf(site, from, location)).toEqual(target)
  })
})

describe("the operator's cookie and User-Agent", () => {
  test('come from the environment or from files', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'identity-'))
    await writeFile(join(folder, 'cookie'), 'cf_clearance=abc\n')
    expect(await identityOf({})).toEqual({ userAgent: DEFAULT_USER_AGENT, cookie: undefined })
    expect(await identityOf({ JVC_COOKIE: 'a=b', JVC_USER_AGENT: 'Firefox' })).toEqual({
      userAgent: 'Firefox',
      cookie: 'a=b',
    })
    expect(await identityOf({ JVC_COOKIE_FILE: join(folder, 'cookie') })).toMatchObject({ cookie: 'cf_clearance=abc' })
    await rm(folder, { recursive: true })
  })

  test('are refused without being shown', async () => {
    const refused = expect.objectContaining({ code: 'bad-option', message: expect.not.stringContaining('secret') })
    await expect(identityOf({ JVC_COOKIE: 'secret\r\nx: y' })).rejects.toEqual(refused)
    await expect(identityOf({ JVC_COOKIE_FILE: '/does/not/exist' })).rejects.toMatchObject({ code: 'bad-option' })
  })
})
