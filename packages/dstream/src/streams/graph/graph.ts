import { Map as ImmutableMap } from 'immutable'
import { idTaken } from '../../base/errors/graph.js'
import type { RDD } from '../../rdd/rdd.js'
import { callSite, type CallSite } from './call-site.js'
import type { Operator } from './operator.js'

/** An operator in its place: what the graph knows of it beside how it computes. */
export interface GraphNode {
  readonly id: string
  /** False when the user gave the id with `uid`. */
  readonly derived: boolean
  readonly name: string | undefined
  readonly operator: Operator
  readonly place: CallSite
  /** Interval between snapshots of this operator, as asked with `checkpoint`. */
  readonly checkpointMs: number | undefined
}

/** What `foreachRDD` hands to a user's function beside RDD and time. */
export interface Attempt {
  /** 1 for the first. */
  readonly number: number
  /** True when the batch, or this output of it, has been begun in an earlier life of the program. */
  readonly replayed: boolean
}

/** An effect at the end of the graph. Outputs run in order of registration, once per batch time on the parent's slide. */
export interface OutputNode {
  readonly index: number
  readonly id: string
  readonly kind: string
  readonly params: Readonly<Record<string, unknown>>
  readonly place: CallSite
  readonly parent: Operator
  /** True when `run` gives the RDD to a user's function, which may act on it several times. */
  readonly handsOutRDD: boolean
  run(rdd: RDD<never>, time: number, attempt: Attempt): Promise<void>
  /** What the output does once before the first batch, and once after the last. */
  open?(): Promise<void>
  close?(): Promise<void>
}

export type OutputSpec = Omit<OutputNode, 'index' | 'id' | 'place'>

/** Node ids and definitions as one value: a later version of the program is another value, not a change of this one. */
export type Nodes = ImmutableMap<string, GraphNode>

/** Collects operators and outputs while the user's program defines them. */
export class Graph {
  #nodes: Nodes = ImmutableMap<string, GraphNode>().asImmutable()
  #ids = new Map<Operator, string>()
  #outputs: readonly OutputNode[] = []
  #counts = new Map<string, number>()

  /** All operators, in order of definition. */
  get nodes(): readonly GraphNode[] {
    return [...this.#ids.values()].map((id) => this.#nodes.get(id)!)
  }

  get outputs(): readonly OutputNode[] {
    return this.#outputs
  }

  node(operator: Operator): GraphNode {
    return this.#nodes.get(this.#ids.get(operator)!)!
  }

  /**
   * Adds what the user calls `kind`. Parents that the graph does not know yet are inner ones of it, and their ids are
   * scoped under its own, `countByValueAndWindow#1/reduceByKey`: rebuilding an operator from other parts keeps the ids of
   * all others.
   */
  add<T>(operator: Operator<T>, kind = operator.kind): Operator<T> {
    const id = this.#derive(kind)
    this.#addInner(operator, id)
    this.#place(operator, id)
    return operator
  }

  addOutput(spec: OutputSpec): void {
    const output = { ...spec, index: this.#outputs.length, id: this.#derive(spec.kind), place: callSite() }
    this.#outputs = [...this.#outputs, output]
  }

  /** Gives an operator the id under which checkpoints know it; its derived one too, which then no longer hangs on its place. */
  setId(operator: Operator, id: string): void {
    const old = this.node(operator)
    const taken = this.#nodes.get(id)
    if (taken !== undefined && taken !== old) throw idTaken(id, taken.place.short, callSite().short)
    for (const node of this.nodes) {
      if (node.id === old.id) this.#rename(node, id, false)
      else if (node.id.startsWith(`${old.id}/`)) this.#rename(node, id + node.id.slice(old.id.length), false)
    }
  }

  setName(operator: Operator, name: string): void {
    this.#put({ ...this.node(operator), name })
  }

  setCheckpointMs(operator: Operator, checkpointMs: number): void {
    this.#put({ ...this.node(operator), checkpointMs })
  }

  #addInner(operator: Operator, scope: string): void {
    for (const parent of operator.parents) {
      if (this.#ids.has(parent)) continue
      this.#addInner(parent, scope)
      this.#place(parent, this.#derive(`${scope}/${parent.kind}`, true))
    }
  }

  #place(operator: Operator, id: string): void {
    this.#put({ id, derived: true, name: undefined, operator, place: callSite(), checkpointMs: undefined })
    this.#ids.set(operator, id)
  }

  #put(node: GraphNode): void {
    this.#nodes = this.#nodes.set(node.id, node)
  }

  #rename(node: GraphNode, id: string, derived: boolean): void {
    this.#nodes = this.#nodes.delete(node.id)
    this.#put({ ...node, id, derived })
    this.#ids.set(node.operator, id)
  }

  /** `map#2` is the second map of the program; the first of a kind inside a scope goes without a number. */
  #derive(path: string, inner = false): string {
    for (;;) {
      const count = (this.#counts.get(path) ?? 0) + 1
      this.#counts.set(path, count)
      const id = inner && count === 1 ? path : `${path}#${count}`
      const taken = this.#nodes.get(id)
      if (taken === undefined) return id
      if (!taken.derived) throw idTaken(id, taken.place.short, callSite().short)
    }
  }
}
