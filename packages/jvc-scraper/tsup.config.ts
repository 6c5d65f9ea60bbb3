import { library } from '../../tools/tsup-config.mjs'

export default library({
  entry: {
    index: 'src/index.ts',
    simulator: 'src/simulator/index.ts',
  },
  cli: 'src/cli.ts',
  paths: {},
})
