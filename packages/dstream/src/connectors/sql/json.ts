/** Returns JSON. @throws TypeError for a Map or a Set, which would become `{}` without a word, and for what is no JSON */
export function json(value: unknown): string {
  const text = JSON.stringify(value, (_, part: unknown) => {
    if (part instanceof Map || part instanceof Set) {
      throw new TypeError('JSON has no Map and no Set: give Object.fromEntries(map), or an array.')
    }
    return part
  }) as string | undefined
  if (text === undefined) throw new TypeError(`JSON has no ${typeof value}.`)
  return text
}
