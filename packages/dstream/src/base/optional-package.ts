/**
 * Loads a package that only some programs need and that is therefore not installed with dstream.
 *
 * @param load imports the package; its name stands there as a literal, which bundlers look for
 * @param missing returns the error that says how to install the package
 * @throws what `missing` returns where the package is not installed; any other error of `load` as it is, so that a package
 * that lacks one of its own is not taken for a missing one
 */
export async function loadPackage<M>(
  name: string,
  load: () => Promise<M>,
  missing: (cause: unknown) => Error,
): Promise<M> {
  try {
    return await load()
  } catch (error) {
    const { code, message } = error as { readonly code?: unknown; readonly message?: unknown }
    const [, wanted = ''] = /^Cannot find (?:package|module) ['"]([^'"]+)['"]/.exec(String(message)) ?? []
    const isMissing = /MODULE_NOT_FOUND$/.test(String(code)) && (wanted === name || wanted.startsWith(`${name}/`))
    throw isMissing ? missing(error) : error
  }
}
