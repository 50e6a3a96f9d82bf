/** A bundle made by `skushare export`: its description, and files that are checked as they load. */

import type { BundleDescription } from './config'
import { sha256 } from './sha256'

const FORMAT = 'skushare bundle 1'

/** `missing`: not on the server; `network`: no answer; `corrupt`: other bytes; `format`: not understood. */
export type BundleErrorCode = 'missing' | 'corrupt' | 'format' | 'network'

export class BundleError extends Error {
  override readonly name = 'BundleError'
  constructor(
    readonly code: BundleErrorCode,
    readonly file: string,
    readonly detail = '',
  ) {
    super(`${file}: ${code}${detail && ` (${detail})`}`)
  }
}

export interface Bundle {
  description: BundleDescription
  base: URL // what the description's file names are relative to
  /** Told of bytes that have come, and of bytes of files that are asked for from now on. */
  onBytes?: (came: number, wanted: number) => void
}

/**
 * Read and check the description at `address` (of a bundle.json, possibly on another domain).
 *
 * @throws BundleError it is missing or of another format.
 */
export async function loadBundle(address: URL): Promise<Bundle> {
  const name = address.pathname.split('/').pop() || 'bundle.json'
  const bytes = await fetchBytes(address, name)
  let description: BundleDescription
  try {
    description = JSON.parse(new TextDecoder().decode(bytes))
  } catch {
    throw new BundleError('format', name, 'no JSON')
  }
  const fault = findFault(description)
  if (fault) throw new BundleError('format', name, fault)
  return { description, base: new URL('./', address) }
}

/** What a bundle's description lacks; empty where nothing. */
function findFault(description: BundleDescription): string {
  if (description?.format !== FORMAT) return `its format is ${JSON.stringify(description?.format)}`
  const { detector, embedder, files } = description
  if (typeof detector?.tfjs !== 'string') return 'no detector'
  const config = detector.config
  if (config?.resize !== 'fit' && config?.resize !== 'stretch') return 'resize is unknown'
  if (!Array.isArray(config.anchors?.sizes) || config.coder?.length !== 4) return 'no anchors'
  if (!Array.isArray(config.labels) || !config.labels.length) return 'no labels'
  if (embedder && !(embedder.size > 0 && embedder.dimensions > 0)) return 'no embedder'
  if (typeof files !== 'object' || files === null) return 'no list of files'
  return ''
}

/**
 * The bytes of the bundle's file `name`, whose digest is that of the description.
 *
 * @throws BundleError it is missing, or not the file that was exported.
 */
export async function loadFile(bundle: Bundle, name: string): Promise<Uint8Array<ArrayBuffer>> {
  const expected = bundle.description.files[name]
  if (!expected) throw new BundleError('format', name, 'not in the list of files')
  bundle.onBytes?.(0, expected.bytes)
  const bytes = await fetchBytes(new URL(name, bundle.base), name, bundle.onBytes)
  if ((await sha256(bytes)) !== expected.sha256) throw new BundleError('corrupt', name)
  return bytes
}

async function fetchBytes(address: URL, name: string, onBytes?: Bundle['onBytes']): Promise<Uint8Array<ArrayBuffer>> {
  let answer: Response
  try {
    answer = await fetch(address)
  } catch (error) {
    throw new BundleError('network', name, String(error))
  }
  if (!answer.ok) throw new BundleError(answer.status === 404 ? 'missing' : 'network', name, `${answer.status}`)
  try {
    return new Uint8Array(await (onBytes ? watched(answer, onBytes) : answer).arrayBuffer())
  } catch (error) {
    throw new BundleError('network', name, String(error)) // the connection broke half-way
  }
}

/** `answer`, of whose bytes `onBytes` is told as they come. */
function watched(answer: Response, onBytes: NonNullable<Bundle['onBytes']>): Response {
  const telling = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
    transform(chunk, controller) {
      onBytes(chunk.length, 0)
      controller.enqueue(chunk)
    },
  })
  return new Response(answer.body?.pipeThrough(telling))
}
