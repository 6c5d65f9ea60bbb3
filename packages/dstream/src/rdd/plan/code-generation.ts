let allowed: boolean | undefined

/** Returns whether this process may compile source text. `--disallow-code-generation-from-strings` forbids it. */
export function codeMayBeGenerated(): boolean {
  if (allowed !== undefined) return allowed
  try {
    new Function('')
    allowed = true
  } catch {
    allowed = false
  }
  return allowed
}
