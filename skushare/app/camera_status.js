// "prompt" and "granted" both report "ready", so that granting causes no rerun while the stream starts.
export default function ({ setStateValue }) {
  const media = navigator.mediaDevices;
  let last = null;
  let permission = null;
  const report = (status) => {
    if (status !== last) {
      last = status;
      setStateValue("status", status);
    }
  };
  const check = async () => {
    if (!window.isSecureContext) return report("insecure");
    if (!media?.getUserMedia) return report("unsupported");
    if (permission?.state === "denied") return report("denied");
    const devices = await media.enumerateDevices();
    report(devices.some((device) => device.kind === "videoinput") ? "ready" : "missing");
  };
  const start = async () => {
    try {
      permission = await navigator.permissions.query({ name: "camera" });
      permission.addEventListener("change", check);
    } catch {
      // Some browsers do not tell the camera permission; the stream's own error does.
    }
    await check();
  };
  media?.addEventListener?.("devicechange", check);
  start();
  return () => {
    media?.removeEventListener?.("devicechange", check);
    permission?.removeEventListener("change", check);
  };
}
