/** What page and worker say to each other. */

import type { DetectOptions, Engine, Loaded, Notice, OfferOptions } from './auditor'
import type { BundleErrorCode } from './bundle'
import type { BundleDescription } from './config'
import type { MatcherData } from './gallery'

export type Request =
  | { kind: 'start'; description: BundleDescription; base: string; engine?: Engine; size?: number; told: boolean }
  | { kind: 'probe' }
  | { kind: 'use'; engine: Engine; size?: number }
  | { kind: 'offer'; frame: ImageBitmap | VideoFrame; options: OfferOptions }
  | { kind: 'detect'; picture: ImageBitmap; options: DetectOptions }
  | { kind: 'embed'; picture: ImageBitmap; boxes: Float32Array }
  | { kind: 'gallery'; gallery: MatcherData | null }
  | { kind: 'resetSweep' }
  | { kind: 'memory' }

export interface Task {
  id: number
  request: Request
}

export type Reply =
  | { kind: 'ready' } // the worker's code was loaded
  | { kind: 'done'; id: number; value: unknown }
  | { kind: 'failed'; id: number; message: string; bundle?: { code: BundleErrorCode; file: string; detail: string } }
  | { kind: 'notice'; notice: Notice }
  | { kind: 'loading'; loaded: Loaded } // where a start is to be `told`
