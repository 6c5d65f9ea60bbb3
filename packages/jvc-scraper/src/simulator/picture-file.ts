/** Addresses of pictures on the real picture host: `/fichiers/2019/12/3/1553000000-name.png`. */
const PICTURE = /^\/fichiers\/[\w/]+\/(\d+)-([\w.-]{1,300})\.(?:png|jpg|gif)$/

const SIZE = 136

/**
 * Draws the picture of an address, as SVG whatever its name ends in: a face whose colours and features follow from the
 * address, so that the same address is always the same picture. `undefined` for an address that is none.
 */
export function pictureAt(path: string): string | undefined {
  const [, time, name] = PICTURE.exec(path) ?? []
  if (time === undefined || name === undefined) return undefined
  const n = [...path].reduce((hash, c) => (Math.imul(hash, 31) + c.codePointAt(0)!) >>> 0, 7)
  const hue = n % 360
  const smile = 10 + (n % 31)
  const gap = 20 + (n % 11)
  const eye = 6 + (n % 7)
  // The characters of a name are letters, digits, dots, hyphens and underscores: nothing to escape.
  const label = name.replace(/[-_.]+/g, ' ').slice(0, 18)
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${SIZE}" height="${SIZE}" viewBox="0 0 136 136" role="img" aria-label="${label}">
  <rect width="136" height="136" rx="20" fill="hsl(${(hue + 150) % 360} 45% 88%)"/>
  <circle cx="68" cy="60" r="46" fill="hsl(${hue} 70% 62%)"/>
  <circle cx="${68 - gap}" cy="48" r="${eye}" fill="#20242c"/><circle cx="${68 + gap}" cy="48" r="${eye}" fill="#20242c"/>
  <path d="M${68 - 24} 74 Q68 ${74 + smile} ${68 + 24} 74" fill="none" stroke="#20242c" stroke-width="6" stroke-linecap="round"/>
  <text x="68" y="125" text-anchor="middle" font-family="sans-serif" font-size="13" fill="#20242c">${label}</text>
</svg>
`
}
