"""How devices are talked to: one settings model with one coroutine per kind of device."""
