/** Writing an input's size into a LiteRT model, whose runtime in the browser takes only fixed ones. */

// Places of the fields that are read, in the tables of schema.fbs (github.com/google-ai-edge/LiteRT).
const MODEL_SUBGRAPHS = 2
const SUBGRAPH_TENSORS = 0
const SUBGRAPH_INPUTS = 1
const SUBGRAPH_OUTPUTS = 2
const TENSOR_SHAPE = 0
const TENSOR_SIGNATURE = 7

/**
 * A copy of the LiteRT file `model` whose input has the shape `input`, and whose outputs have the free
 * dimensions given by `outputs(last)`, `last` being an output's last dimension.
 *
 * The sizes of all tensors between are worked out by the runtime.
 *
 * @throws RangeError it is no LiteRT file, or its input has another rank.
 */
export function withShape(
  model: Uint8Array,
  input: number[],
  outputs: (last: number) => number[],
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(model)
  const file = new Flatbuffer(bytes)
  if (new TextDecoder().decode(bytes.subarray(4, 8)) !== 'TFL3') throw new RangeError('not a LiteRT model')
  const [graph] = file.tables(file.root(), MODEL_SUBGRAPHS)
  const tensors = file.tables(graph, SUBGRAPH_TENSORS)
  const put = (tensor: number, shape: number[]) => {
    for (const field of [TENSOR_SHAPE, TENSOR_SIGNATURE]) {
      const place = file.vector(tensor, field)
      if (!place) continue // without a signature, the shape alone counts
      if (place.length !== shape.length) throw new RangeError(`a tensor of ${place.length} dimensions`)
      shape.forEach((size, i) => file.view.setInt32(place.start + 4 * i, size, true))
    }
  }
  for (const index of file.integers(graph, SUBGRAPH_INPUTS)) put(tensors[index], input)
  for (const index of file.integers(graph, SUBGRAPH_OUTPUTS)) {
    const shape = file.integers(tensors[index], TENSOR_SHAPE)
    put(tensors[index], outputs(shape[shape.length - 1]))
  }
  return bytes
}

/** Reads tables of a flatbuffer (flatbuffers.dev/internals). */
class Flatbuffer {
  readonly view: DataView

  constructor(bytes: Uint8Array) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  root(): number {
    return this.view.getUint32(0, true)
  }

  vector(table: number, field: number): { start: number; length: number } | null {
    const vtable = table - this.view.getInt32(table, true)
    const slot = 4 + 2 * field
    const offset = slot < this.view.getUint16(vtable, true) ? this.view.getUint16(vtable + slot, true) : 0
    if (!offset) return null
    const start = table + offset + this.view.getUint32(table + offset, true)
    return { start: start + 4, length: this.view.getUint32(start, true) }
  }

  tables(table: number, field: number): number[] {
    const { start, length } = this.vector(table, field) ?? { start: 0, length: 0 }
    return Array.from({ length }, (_, i) => start + 4 * i + this.view.getUint32(start + 4 * i, true))
  }

  integers(table: number, field: number): number[] {
    const { start, length } = this.vector(table, field) ?? { start: 0, length: 0 }
    return Array.from({ length }, (_, i) => this.view.getInt32(start + 4 * i, true))
  }
}
