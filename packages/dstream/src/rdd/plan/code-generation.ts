let allowed: boolean | undefined

/** Whether this host lets code be made from text (`--disallow-code-generation-from-strings`, a content security policy). */
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
