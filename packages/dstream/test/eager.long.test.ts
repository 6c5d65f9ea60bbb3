import { test } from 'vitest'
import { earlyWorkIsUnseen, sumsAreThoseOfALoop, threadsAreUnseen } from './early-jobs.js'

test('early work changes nothing that can be seen, in many jobs', () => earlyWorkIsUnseen(4000))
test('sums by key are those of a loop over the lines, in many jobs', () => sumsAreThoseOfALoop(2000))
test('threads change nothing that can be seen of received blocks, in many jobs', () => threadsAreUnseen(2000))
