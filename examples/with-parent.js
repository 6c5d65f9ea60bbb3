// @ts-check
// Loaded before each program that start.js runs: when start.js is gone, however it ended, the program stops too.
process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'))
process.channel?.unref()
