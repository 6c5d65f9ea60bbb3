import { idTaken } from '../../base/errors/graph.js'
import { callSite, type CallSite } from './call-site.js'
import type { Operator } from './operator.js'
import type { OutputNode, OutputSpec } from './output.js'

/** An operator in the graph, with its id and settings. */
export interface GraphNode {
  readonly id: string
  /** False when the user gave the id with `uid`. */
  readonly derived: boolean
  readonly name: string | undefined
  readonly operator: Operator
  readonly definedAt: CallSite
  /** The interval between snapshots of this operator, as set with `checkpoint`. */
  readonly checkpointMs: number | undefined
}

/** Collects operators and outputs while the user's program defines them. */
export class Graph {
  readonly #nodes = new Map<string, GraphNode>()
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
   * Adds an operator under the name that the user knows, `kind`. Parents that are not in the graph yet are inner operators of
   * it, and their ids are scoped under its own, `countByValueAndWindow#1/reduceByKey`: so an operator can be rebuilt from other
   * parts without a change of the ids of others.
   */
  add<T>(operator: Operator<T>, kind = operator.kind): Operator<T> {
    const id = this.#derive(kind)
    this.#addInner(operator, id)
    this.#register(operator, id)
    return operator
  }

  /** Adds an output; returns its index. */
  addOutput(spec: OutputSpec): number {
    const index = this.#outputs.length
    const output = { ...spec, index, id: this.#derive(spec.kind), derived: true, definedAt: callSite() }
    this.#outputs = [...this.#outputs, output]
    return index
  }

  /** Sets the id under which checkpoints know the batches that wait for an output. @throws `uid-taken` */
  setOutputId(index: number, id: string): void {
    const output = this.#outputs[index]!
    const taken = this.#outputs.find((other) => other.id === id) ?? this.#nodes.get(id)
    if (taken !== undefined && taken !== output) throw idTaken(id, taken.definedAt.short, callSite().short)
    this.#outputs = this.#outputs.with(index, { ...output, id, derived: false })
  }

  /** Sets the id under which checkpoints know an operator, and with it the scope of its inner operators. @throws `uid-taken` */
  setId(operator: Operator, id: string): void {
    const old = this.node(operator)
    const taken = this.#nodes.get(id) ?? this.#outputs.find((output) => output.id === id)
    if (taken !== undefined && taken !== old) throw idTaken(id, taken.definedAt.short, callSite().short)
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
      this.#register(parent, this.#derive(`${scope}/${parent.kind}`, true))
    }
  }

  #register(operator: Operator, id: string): void {
    this.#put({ id, derived: true, name: undefined, operator, definedAt: callSite(), checkpointMs: undefined })
    this.#ids.set(operator, id)
  }

  #put(node: GraphNode): void {
    this.#nodes.set(node.id, node)
  }

  #rename(node: GraphNode, id: string, derived: boolean): void {
    this.#nodes.delete(node.id)
    this.#put({ ...node, id, derived })
    this.#ids.set(node.operator, id)
  }

  /** Derives an id: `map#2` is the second map of the program; the first of a kind inside a scope has no number. */
  #derive(path: string, inner = false): string {
    for (;;) {
      const count = (this.#counts.get(path) ?? 0) + 1
      this.#counts.set(path, count)
      const id = inner && count === 1 ? path : `${path}#${count}`
      const taken = this.#nodes.get(id)
      if (taken === undefined) return id
      if (!taken.derived) throw idTaken(id, taken.definedAt.short, callSite().short)
    }
  }
}
