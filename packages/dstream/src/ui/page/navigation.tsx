import type { ComponentChildren } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'

const CHANGED = 'dstream-navigated'

/** Returns the address of a page of the same job. */
export function pathOf(path: string, query: Readonly<Record<string, string>> = {}): string {
  const app = new URLSearchParams(location.search).get('app')
  const all = new URLSearchParams(app === null ? query : { ...query, app })
  return all.size === 0 ? path : `${path}?${all}`
}

export function go(href: string): void {
  history.pushState(null, '', href)
  dispatchEvent(new Event(CHANGED))
  scrollTo(0, 0)
  // A screen reader begins with the new page.
  document.getElementById('content')?.focus({ preventScroll: true })
}

/** Returns the address, and follows its changes. */
export function useLocation(): URL {
  const [href, setHref] = useState(location.href)
  useEffect(() => {
    const changed = (): void => setHref(location.href)
    for (const event of ['popstate', CHANGED]) addEventListener(event, changed)
    return () => {
      for (const event of ['popstate', CHANGED]) removeEventListener(event, changed)
    }
  }, [])
  return new URL(href)
}

interface LinkProps {
  readonly to: string
  readonly children: ComponentChildren
  readonly class?: string
  readonly current?: boolean
}

/** A link to another page of this job; it is one without the script too. */
export function Link({ to, children, current, ...rest }: LinkProps) {
  const link = useRef<HTMLAnchorElement>(null)
  // In a narrow window the row of links scrolls: the present one is brought into sight.
  useEffect(() => {
    const element = link.current
    if (current === true && element !== null) {
      const row = element.parentElement!
      row.scrollLeft = element.offsetLeft - (row.clientWidth - element.offsetWidth) / 2
    }
  }, [current])
  return (
    <a
      ref={link}
      href={to}
      {...rest}
      aria-current={current === true ? 'page' : undefined}
      onClick={(event: MouseEvent) => {
        if (event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return
        event.preventDefault()
        go(to)
      }}
    >
      {children}
    </a>
  )
}
