import { test } from 'vitest'
import { holdsOverLives } from './next-life-law.js'

test('law: whatever changes between lives, in many of them', () => holdsOverLives(20_000))
