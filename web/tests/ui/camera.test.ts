import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { CameraInUse } from '../../src/ui/camera'

/** What was asked for and is not there yet, by device. */
let asked: Map<string, { give: () => void; refuse: () => void }>
let on: string[] // cameras that run

beforeEach(() => {
  asked = new Map()
  on = []
  const getUserMedia = ({ video }: { video: { deviceId: { exact: string } } }): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const id = video.deviceId.exact
      const track = { stop: () => void (on = on.filter((each) => each !== id)), getSettings: () => ({ deviceId: id }) }
      const give = (): void => {
        on.push(id)
        resolve({ getVideoTracks: () => [track], getTracks: () => [track] })
      }
      asked.set(id, { give, refuse: () => reject(new DOMException('', 'NotReadableError')) })
    })
  vi.stubGlobal('navigator', { mediaDevices: { getUserMedia } })
})
afterEach(() => vi.unstubAllGlobals())

test('one camera takes the place of the other', async () => {
  const cameras = new CameraInUse()
  for (const id of ['front', 'rear']) {
    const opening = cameras.open(id)
    expect(on).toEqual([])
    asked.get(id)!.give()
    expect((await opening)?.deviceId).toBe(id)
    expect(on).toEqual([id])
  }
  cameras.close()
  expect(on).toEqual([])
})

test.each(['give', 'refuse'] as const)('a camera that is stopped while it is opened does not come back (%s)', async (answer) => {
  const cameras = new CameraInUse()
  const opening = cameras.open('rear')
  cameras.close()
  asked.get('rear')![answer]()
  expect([await opening, on]).toEqual([null, []])
})

test('nor one that is stopped while something is prepared', async () => {
  const cameras = new CameraInUse()
  const opening = cameras.open('rear', async () => cameras.close())
  asked.get('rear')!.give()
  expect([await opening, on]).toEqual([null, []])
})

test.each([
  ['front', 'rear'],
  ['rear', 'front'],
])('of two that are opened the one that was asked for last is in use, also where %s comes first', async (...order) => {
  const cameras = new CameraInUse()
  const both = [cameras.open('front'), cameras.open('rear')]
  for (const id of order) asked.get(id)!.give()
  expect((await Promise.all(both)).map((camera) => camera?.deviceId)).toEqual([undefined, 'rear'])
  expect(on).toEqual(['rear'])
})

test('a camera that another app uses is told', async () => {
  const opening = new CameraInUse().open('rear')
  asked.get('rear')!.refuse()
  await expect(opening).rejects.toMatchObject({ code: 'busy' })
})
