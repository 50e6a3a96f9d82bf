/** SHA-256 in hexadecimal digits; also where the page came by plain HTTP and the browser hides its own. */
export async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  let digest: Uint8Array
  if (globalThis.crypto?.subtle) digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
  else digest = (await import('@noble/hashes/sha2.js')).sha256(bytes)
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
