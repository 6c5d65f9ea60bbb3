import { useEffect, useState } from 'preact/hooks'

/** An answer of the server: not there yet, there, or refused. */
export interface Asked<T> {
  readonly answer?: T
  readonly refusal?: string
}

/** Asks the server, and again when `again` changes. The last answer stays until the next one is there. */
export function useAnswer<T>(path: string | undefined, again: unknown = undefined): Asked<T> {
  const [asked, setAsked] = useState<Asked<T> & { path?: string }>({})
  useEffect(() => {
    if (path === undefined) return
    const ended = new AbortController()
    void ask<T>(path, ended.signal).then((result) => {
      if (!ended.signal.aborted) setAsked({ ...result, path })
    })
    return () => ended.abort()
  }, [path, again])
  return asked.path === path ? asked : {}
}

async function ask<T>(path: string, signal: AbortSignal): Promise<Asked<T>> {
  try {
    const response = await fetch(path, { signal, headers: { accept: 'application/json' } })
    const answer: unknown = await response.json()
    return response.ok ? { answer: answer as T } : { refusal: (answer as { message: string }).message }
  } catch {
    return { refusal: 'The server does not answer' }
  }
}
