/** The device's camera: rear one first, with torch and zoom where it has them. */

export type CameraFault = 'insecure' | 'none' | 'denied' | 'busy' | 'failed'

/** The camera cannot be used; `code` names the text that tells the user why and what to do. */
export class CameraError extends Error {
  override readonly name = 'CameraError'
  constructor(
    readonly code: CameraFault,
    detail = '',
  ) {
    super(detail || code)
  }
}

export interface ZoomRange {
  min: number
  max: number
  step: number
}

// Torch and zoom are of the Image Capture specification, which TypeScript's DOM types lack.
interface Capabilities extends MediaTrackCapabilities {
  torch?: boolean
  zoom?: ZoomRange
}
interface Settings extends MediaTrackSettings {
  zoom?: number
}
type Constraint = MediaTrackConstraintSet & { torch?: boolean; zoom?: number }

// What a shelf needs: more pixels than the network sees, so that a frozen frame can be counted as a photo.
const WANTED: MediaTrackConstraints = { width: { ideal: 1920 }, height: { ideal: 1440 }, frameRate: { ideal: 30 } }

/** Open the camera `deviceId`, or the one that looks away from the user. @throws CameraError it cannot be used. */
export async function openCamera(deviceId?: string): Promise<Camera> {
  if (!navigator.mediaDevices?.getUserMedia) throw new CameraError(isSecureContext ? 'none' : 'insecure')
  const which: MediaTrackConstraints = deviceId ? { deviceId: { exact: deviceId } } : { facingMode: { ideal: 'environment' } }
  try {
    return new Camera(await navigator.mediaDevices.getUserMedia({ audio: false, video: { ...WANTED, ...which } }))
  } catch (error) {
    throw new CameraError(faultOf(error), error instanceof Error ? error.message : '')
  }
}

function faultOf(error: unknown): CameraFault {
  const name = error instanceof DOMException ? error.name : ''
  if (name === 'NotAllowedError' || name === 'SecurityError') return 'denied'
  if (name === 'NotFoundError' || name === 'OverconstrainedError') return 'none'
  if (name === 'NotReadableError' || name === 'AbortError') return 'busy'
  return 'failed'
}

/** An open camera; `close` it when it is not looked through. */
export class Camera {
  readonly track: MediaStreamTrack

  constructor(readonly stream: MediaStream) {
    const [track] = stream.getVideoTracks()
    if (!track) throw new CameraError('none')
    this.track = track
  }

  get deviceId(): string | undefined {
    return this.track.getSettings().deviceId
  }

  private get capabilities(): Capabilities {
    return this.track.getCapabilities?.() ?? {} // Firefox before 132 has none
  }

  get hasTorch(): boolean {
    return this.capabilities.torch === true
  }

  /** From where to where the camera zooms; `null` where it does not. */
  get zoomRange(): ZoomRange | null {
    const { zoom } = this.capabilities
    return zoom && zoom.max > zoom.min ? { min: zoom.min, max: zoom.max, step: zoom.step || 0.1 } : null
  }

  get zoom(): number {
    return (this.track.getSettings() as Settings).zoom ?? 1
  }

  /** Whether it did as told. */
  setTorch(on: boolean): Promise<boolean> {
    return this.apply({ torch: on })
  }

  setZoom(zoom: number): Promise<boolean> {
    return this.apply({ zoom })
  }

  private async apply(constraint: Constraint): Promise<boolean> {
    try {
      await this.track.applyConstraints({ advanced: [constraint as MediaTrackConstraintSet] })
      return true
    } catch {
      return false
    }
  }

  close(): void {
    for (const track of this.stream.getTracks()) track.stop()
  }
}

/** The camera in use, the one that was asked for last: phones open one at a time. */
export class CameraInUse {
  private camera: Camera | null = null
  private turn = 0

  /**
   * Open a camera in place of the one in use, and do what `prepare` does before it is shown.
   *
   * @returns `null` where another was asked for meanwhile, or none any more.
   * @throws CameraError it cannot be used.
   */
  async open(deviceId?: string, prepare?: () => Promise<void>): Promise<Camera | null> {
    this.close()
    const turn = this.turn
    try {
      const next = await openCamera(deviceId)
      if (turn !== this.turn) {
        next.close()
        return null
      }
      this.camera = next
      await prepare?.()
    } catch (error) {
      if (turn === this.turn) throw error
    }
    return turn === this.turn ? this.camera : null
  }

  /** Close it, and whatever is being opened. */
  close(): void {
    this.turn += 1
    this.camera?.close()
    this.camera = null
  }
}

/** The cameras of this device; their labels are empty until one was allowed. */
export async function listCameras(): Promise<MediaDeviceInfo[]> {
  const devices = (await navigator.mediaDevices?.enumerateDevices?.()) ?? []
  return devices.filter((device) => device.kind === 'videoinput')
}
