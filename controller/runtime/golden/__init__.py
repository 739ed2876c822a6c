"""Golden vectors: what the kernels must say of known inputs. Every start checks them before the daemon says that it is ready."""
