import { testReplayAndSlide } from './replay-and-slide.js'

// A sample; replay-and-slide.long.test.ts runs more.
testReplayAndSlide(3)
