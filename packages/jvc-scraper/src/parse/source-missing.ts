/** Thrown when a page lacks a source, or holds it in an unusable state. The message names the missing part. */
export class SourceMissing extends Error {
  override readonly name = 'SourceMissing'
}
