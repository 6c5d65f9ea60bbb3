/** Whether a place is a URI of a file system; a single letter before the colon is a drive. */
export function isUri(place: string): boolean {
  return /^[a-z][a-z\d+.-]+:\//i.test(place)
}
