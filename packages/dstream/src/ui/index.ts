export { openUi } from './open-ui.js'
export type { OpenUi } from './open-ui.js'
export { openApiDocument } from './rest/open-api.js'
export type { UiOptions } from './ui-options.js'
