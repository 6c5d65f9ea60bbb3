import { loadPackage } from '../../base/optional-package.js'
import { formatLibraryMissing } from './errors.js'

/** Loads the library of a format at its first file: most programs read neither CSV nor Parquet. */
export function loadFormatLibrary<M>(format: string, library: string, load: () => Promise<M>): Promise<M> {
  return loadPackage(library, load, (cause) => formatLibraryMissing(format, library, cause))
}
