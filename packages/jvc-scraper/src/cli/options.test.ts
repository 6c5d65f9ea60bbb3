import { describe, expect, test } from 'vitest'
import { helpText, parseOptions, specs } from './options.js'
import { redisUrl, settingsOf, storesOf } from './settings.js'

function parse(line: string) {
  return parseOptions(line.split(' ').filter(Boolean))
}

describe('the command line', () => {
  test('values are given with a space or an equals sign, the rest has defaults', () => {
    const options = parse('--simulate --rate 200 --seed=7 --port 0')
    expect([options.flag('simulate'), options.number('rate'), options.number('seed'), options.number('port')]).toEqual([
      true,
      200,
      7,
      0,
    ])
    expect([options.text('host'), options.number('pages'), options.flag('once'), options.text('from')]).toEqual([
      '127.0.0.1',
      10,
      false,
      undefined,
    ])
  })

  test.each([
    ['--prot 1', 'unknown-option', 'There is no option "--prot". Did you mean --port?'],
    ['port', 'unknown-option', 'There is no option "port". Did you mean --port?'],
    ['--constructor x', 'unknown-option', 'There is no option "--constructor"'],
    ['--port', 'bad-option', '--port needs a value: a whole number from 0 to 65535'],
    ['--port --once', 'bad-option', '--port needs a value'],
    ['--port 1.5', 'bad-option', '--port must be a whole number from 0 to 65535; got "1.5"'],
    ['--port 70000', 'bad-option', 'got "70000"'],
    ['--port=', 'bad-option', 'got ""'],
    ['--from yesterday', 'bad-option', '--from must be now, page or start; got "yesterday"'],
    ['--once=yes', 'bad-option', '--once takes no value'],
    ['--rate 5', 'bad-option', '--rate goes with --simulate only. Give --simulate as well, or leave out --rate.'],
    [
      '--topic https://www.jeuxvideo.com/forums/42-51-1-1-0-1-0-a.htm',
      'bad-option',
      '--topic goes with --output only. Give --once --output jsonl as well, or leave out --topic.',
    ],
    [
      '--once --since 2026-07-27',
      'bad-option',
      '--since goes with --output only. Give --output jsonl as well, or leave out --since.',
    ],
    ['--output csv', 'bad-option', '--output goes with --once only. Give --once as well, or leave out --output.'],
    ['--workers 61', 'bad-option', '--workers must be a whole number from 1 to 60'],
  ])('%s is refused: %s', (line, code, message) => {
    expect(() => parse(line)).toThrow(expect.objectContaining({ code, message: expect.stringContaining(message) }))
  })

  test('the help names every option', () => {
    for (const name of Object.keys(specs)) expect(helpText()).toContain(`--${name} `)
    expect(
      helpText()
        .split('\n')
        .every((line) => line.length <= 130),
    ).toBe(true)
  })
})

describe('what the options mean', () => {
  test('a real forum is read civilly, from now on; a simulated one quickly, from its start', () => {
    expect(settingsOf(parse(''), undefined)).toMatchObject({
      forum: expect.stringContaining('https://www.jeuxvideo.com/forums/0-51-'),
      from: 'now',
      perSecond: 2,
      workers: 4,
      listEveryMs: 5000,
      robots: true,
      retryPolicy: { challengeMs: 60_000 },
    })
    const simulated = settingsOf(parse('--simulate'), 'http://127.0.0.1:4000/forums/0-51-0-1-0-1-0-x.htm')
    expect(simulated).toMatchObject({ from: 'start', perSecond: 200, workers: 60 })
    const elsewhere = settingsOf(parse('--forum http://127.0.0.1.example.com/forums/0-51-0-1-0-1-0-x.htm'), undefined)
    expect(elsewhere).toMatchObject({ from: 'now', perSecond: 2 })
  })

  test.each([
    ['', {}, ['file', 'file']],
    ['', { REDIS_HOST: 'r' }, ['redis', 'redis']],
    ['--feed-log file', { REDIS_URL: 'redis://r' }, ['redis', 'file']],
    ['--simulate', { REDIS_HOST: 'r' }, ['memory', 'memory']],
    ['--simulate --data d', {}, ['file', 'file']],
    ['--simulate --bookmarks redis', { REDIS_HOST: 'r' }, ['redis', 'memory']],
  ])('%s with %j keeps bookmarks and log in %j', (line, env, [bookmarks, feedLog]) => {
    expect(storesOf(parse(line), env)).toMatchObject({ bookmarks, feedLog })
  })

  test('Redis without an address is refused', () => {
    expect(() => storesOf(parse('--bookmarks redis'), {})).toThrow(expect.objectContaining({ code: 'bad-option' }))
    expect([redisUrl({ REDIS_HOST: 'r' }), redisUrl({ REDIS_HOST: 'r:1' }), redisUrl({})]).toEqual([
      'redis://r:6379',
      'redis://r:1',
      undefined,
    ])
  })
})
