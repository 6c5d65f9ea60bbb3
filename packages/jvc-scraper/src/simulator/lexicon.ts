import { Zipf } from './random.js'
import type { Random } from './random.js'

/** The vocabulary of the simulated forum, most frequent first. Everything here is made up. */

const SMALL =
  'de la le et les que est pas un à en je une des qui il on tu ça dans pour ce mais sur du ne avec plus au c’est j’ai y va bien moi se tout fait ou si ma mon me son par même quand là sans toi ton lui ils elle rien aux donc fais vu dit an ses oui non ces été dire vie tous nous ans fin jeu ici mec rire nul sais dès euh bon hop'.split(
    ' ',
  )

const LARGE =
  'quelqu’un toujours vraiment comme encore après topic avant jamais khey moins alors déjà parce autre pourquoi contre maintenant genre quelque personne pendant faire depuis forum heure monde gens sérieux question travail demain semaine chose problème argent hier célestin sticker musique matin soirée équipe voiture maison école vacances famille compte chaîne prochain partie console mobile écran manette serveur niveau saison épisode film série livre bouquin recette fromage tartiflette croissant baguette pizza salade chocolat café dessert cuisine jardin chien chaton oiseau montagne plage rivière forêt orage neige soleil tempête Bretagne Lorraine Toulouse Marseille Grenoble Nantes Strasbourg Bordeaux Paris train métro vélo scooter permis examen concours diplôme stage patron collègue salaire facture loyer banque impôts livret crypto bourse action euros bénéfice médecin dentiste sommeil réveil cauchemar souvenir enfance grand-mère cousin voisin copine amitié rupture solitude courage patience mystère légende dragon chevalier château trésor pirate vaisseau galaxie planète fusée robot algorithme clavier souris ordinateur processeur mémoire internet navigateur mot-de-passe sauvegarde bogue update patch tournoi victoire défaite arbitre penalty stade maillot vestiaire entraîneur championnat natation marathon escalade randonnée guitare batterie concert refrain mélodie orchestre peinture musée théâtre comédie tragédie philosophie sociologie histoire géographie biologie chimie physique mathématiques équation théorème grammaire orthographe anticonstitutionnellement'.split(
    ' ',
  )

const SYLLABLES = 'ba cho dré fi gou lan mer nou pa qui ran so tri vou ze cla gné lumi pon bra'.split(' ')

/** Common words in front, a long tail of rare ones behind, as in any language. */
export function vocabulary(random: Random): readonly string[] {
  const common: string[] = []
  // Two of the short words for one of the long ones keeps the mix readable.
  for (let i = 0; i < Math.max(SMALL.length / 2, LARGE.length); i++) {
    common.push(...SMALL.slice(2 * i, 2 * i + 2), ...LARGE.slice(i, i + 1))
  }
  const rare = Array.from({ length: 4000 }, () => {
    const syllables = Array.from({ length: random.int(2, 4) }, () => random.pick(SYLLABLES))
    return syllables.join('')
  })
  return [...common, ...rare]
}

const KNOWN_AUTHORS =
  'Kheylan-92 Mirabelle_ surf_colos2 GrosPixel Tartiflard JeanMiche[JV] L-Artichaut __Nyx__ Camembert35 PtitSuisse Zarathoustre El_Bucheron Croissant-Chaud Louveteau Madame-Irma Raclettor PommeDAdam Kebabiste_ Vortex777 Sardine[MP] LeVoisinDu3 Bigoudi Turbo-Limace Ours_Polaire Cassoulette Mr-Robinet Filoche Ratatouille_ Pistache[JV] BaronNoir Coquillette Zizanie Tournevis- Escargot_Fou MamieNova Chipolata Goupil-du-44 Trompette Galipette Boudin-Blanc'.split(
    ' ',
  )

/** Pseudonyms, most active first; `surf_colos2` is among the frequent ones. */
export function authors(random: Random): readonly string[] {
  const others = Array.from({ length: 360 }, (_, i) => {
    const stem = [random.pick(SYLLABLES), random.pick(SYLLABLES), random.pick(SYLLABLES)].join('')
    const name = stem.normalize('NFD').replace(/\p{M}/gu, '')
    return `${name.charAt(0).toUpperCase()}${name.slice(1)}${random.pick(['', '_', '-', ''])}${i}`
  })
  return [...KNOWN_AUTHORS, ...others]
}

const PICTURES =
  'risi-content risi-pleure célestin-chapeau larry-sueur jésus-tampon chat-qui-juge khey-dodo aya-facepalm macron-danse issou-el-risitas pingouin-glissade grand-mere-tuning chien-comptable dinosaure-triste pain-au-chocolat'.split(
    ' ',
  )

/** Pictures of noelshack by the address of the full one, most used first. */
export function stickers(random: Random): readonly string[] {
  return Array.from({ length: 160 }, (_, i) => {
    const name = (PICTURES[i] ?? `${random.pick(SYLLABLES)}-${random.pick(SYLLABLES)}-${i}`).normalize('NFD')
    const year = random.int(2016, 2026)
    const time = Math.floor(Date.UTC(year, 0, 1) / 1000) + random.int(0, 31_000_000)
    // Before 2017 the paths had no day.
    const day = year < 2017 ? '' : `/${random.int(1, 7)}`
    const week = String(random.int(1, 52)).padStart(2, '0')
    const type = random.pick(['png', 'png', 'png', 'jpg', 'gif'])
    return `https://image.noelshack.com/fichiers/${year}/${week}${day}/${time}-${name.replace(/\p{M}/gu, '')}.${type}`
  })
}

/** The site's own stickers by their code. */
export const SITE_STICKERS: readonly string[] = ['1kkh', '1kki', '1kkn', '1lmk', '1ljj', '1jnh', '1mqv', '1rzs']

/** Smileys: the code and the file's name. */
export const SMILEYS: readonly (readonly [string, string])[] = [
  [':hap:', '18'],
  [':noel:', '11'],
  [':rire:', '39'],
  [':)', '1'],
  [':(', '45'],
  [':-)', '46'],
  [':fou:', '50'],
  [':ok:', '36'],
  [':coeur:', '54'],
  [':sournois:', '67'],
  [':opps:', 'opps'],
  [':mac:', '16'],
]

/** Emoji, among them ones of several code points. */
export const EMOJI: readonly string[] = ['😂', '🔥', '😭', '👍', '🤡', '💀', '👨‍👩‍👧', '🇫🇷', '🤷🏽‍♂️', '✌️']

const TITLE_HEADS = [
  'Je viens de comprendre',
  'Pourquoi personne ne parle de',
  '[ALERTE]',
  'Vous préférez',
  'Mon avis sur',
  '[SONDAGE] Qui aime encore',
  'La vérité sur',
  'J’ai 25 ans et',
  'C’est quoi le problème avec',
  '« Ça va »,',
  'Topic officiel :',
  'Besoin d’aide :',
]

/** A title; popular heads and words repeat, so that now and then two topics have the same. */
export function title(random: Random, words: Zipf<string>): string {
  const head = random.pick(TITLE_HEADS)
  const tail = Array.from({ length: random.int(1, 4) }, () => words.draw(random)).join(' ')
  return `${head} ${tail}${random.pick(['', '', ' ?', ' !', '…', ' <3', ' & co'])}`
}

/** The words of an address: letters and digits of a title. */
export function slug(text: string): string {
  const plain = text.toLowerCase().normalize('NFD').replace(/\p{M}/gu, '')
  return plain.replace(/[^a-z0-9]+/g, '-').replace(/^-|-$/g, '') || 'sujet'
}

/** Everything above, ready to draw from. */
export interface Lexicon {
  readonly words: Zipf<string>
  readonly authors: Zipf<string>
  readonly stickers: Zipf<string>
  readonly siteStickers: Zipf<string>
  readonly smileys: Zipf<readonly [string, string]>
}

export function createLexicon(random: Random): Lexicon {
  return {
    words: new Zipf(vocabulary(random), 0.95),
    authors: new Zipf(authors(random), 0.8),
    stickers: new Zipf(stickers(random), 1),
    siteStickers: new Zipf(SITE_STICKERS, 1),
    smileys: new Zipf(SMILEYS, 0.9),
  }
}
