import { library } from '../../tools/tsup-config.mjs'

export default library({
  entry: {
    index: 'src/index.ts',
    feed: 'src/feed/index.ts',
  },
  // Declarations are checked against the built dstream, as a user's would be.
  paths: {},
})
