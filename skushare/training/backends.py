"""What Keras can run on here: its backends and the devices."""

from importlib.util import find_spec

from skushare.errors import ConfigError
from skushare.processes import variables

BACKENDS = ("tensorflow", "jax", "torch")


def available_backends():
    """Those of ``BACKENDS`` that are installed, found without importing one."""
    return tuple(name for name in BACKENDS if find_spec(name))


def environment(plan, base=None):
    """The environment variables of a process that trains by ``plan``, wherever it stands.

    Args:
        plan: its ``backend`` and ``devices`` count.
        base: variables to start from; default :func:`~skushare.processes.variables`.

    Raises:
        ConfigError: the backend is not installed.
    """
    if plan.backend not in available_backends():
        known = ", ".join(available_backends()) or "none"
        raise ConfigError(f"backend: {plan.backend} is not installed here; installed: {known}")
    found = {**(variables() if base is None else base), "KERAS_BACKEND": plan.backend}
    if plan.devices == "cpu":
        found |= {"CUDA_VISIBLE_DEVICES": "-1", "JAX_PLATFORMS": "cpu"}
    return found


def share_out(devices, batch_size):
    """Let several GPUs share every batch, by Keras' own data parallelism, where that is asked for.

    Args:
        devices: of a ``Plan``; "auto" takes as many GPUs as divide ``batch_size``.
        batch_size: crops a step.

    Returns:
        how many devices take part.

    Raises:
        ConfigError: there are not so many.
    """
    import keras

    if keras.backend.backend() != "jax" or devices == "cpu":  # it works on no other, as of 3.15
        return 1
    present = keras.distribution.list_devices()
    if devices == "auto":
        count = max(n for n in range(1, len(present) + 1) if batch_size % n == 0)
    else:
        count = int(devices)
    if count > len(present):
        raise ConfigError(f"devices: {count} asked for, but there are {len(present)}: {', '.join(present)}")
    if count > 1:
        keras.distribution.set_distribution(keras.distribution.DataParallel(devices=present[:count]))
    return count
