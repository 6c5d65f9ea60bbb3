import { testReplayAndSlide } from './replay-and-slide.js'

testReplayAndSlide(40)
