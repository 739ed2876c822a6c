"""The C side of a library of kernels: one function a kernel and kind of arguments, called from Python at the cost of a built-in.

Each looks whether its arguments are of its kinds (and gives NotImplemented if not), reads addresses and shapes out of the arrays, and calls the
machine code as numba itself would: `int f(result *, error **, arguments...)`, an array being spread to its parts. Of Python only the stable
interface is used, declared here, so that no headers are needed; of numpy the head of an array object, which every compiled extension relies on
(`PyArrayObject_fields`), probed once by the loader.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

HEAD = """/* Made by drivers/compiled/build.py; do not edit. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
typedef struct object { ptrdiff_t refs; void *type; } object;
typedef struct { object head; char *data; int nd; intptr_t *shape; intptr_t *strides; object *base; object *dtype; int flags; } array;
typedef struct { int dtype; int nd; int flags; } kind;
typedef struct { const char *name; void *call; int flags; const char *doc; } method;
typedef struct { object head; void *init; ptrdiff_t index; void *copy; const char *name; const char *doc; ptrdiff_t size;
                 method *methods; void *slots, *traverse, *clear, *free; } definition;
enum { ROWS = 0x1, COLUMNS = 0x2, ALIGNED = 0x100, WRITEABLE = 0x400, FASTCALL = 0x80, EQUAL = 2, API = 1013, OK = 0, NONE = -2 };
extern object _Py_NotImplementedStruct;
extern object *PyExc_RuntimeError;
object *PyModule_Create2(definition *, int);
object *PyTuple_GetItem(object *, ptrdiff_t);
ptrdiff_t PyTuple_Size(object *);
object *Py_BuildValue(const char *, ...);
object *PyErr_Format(object *, const char *, ...);
object *PyErr_Occurred(void);
object *PyBool_FromLong(long);
int PyObject_RichCompareBool(object *, object *, int);
int PyObject_IsTrue(object *);
long long PyLong_AsLongLong(object *);
double PyFloat_AsDouble(object *);
void *PyEval_SaveThread(void);
void PyEval_RestoreThread(void *);
void PyErr_Clear(void);
void Py_IncRef(object *);
void Py_DecRef(object *);

static void *ndarray;
static object *dtypes[DTYPES + 1];
static object *alike[DTYPES + 1]; /* the item type that was last found equal, held: records compare field by field */

/* Kernels allocate nothing: these are named by numba's code and never reached. */
__attribute__((weak)) void NRT_MemInfo_call_dtor(void *info) { (void)info; abort(); }
__attribute__((weak)) void NRT_decref(void *info) { if (info) abort(); }
__attribute__((weak)) void NRT_incref(void *info) { if (info) abort(); }

/* What numba adds to the C library: zero, NaN and infinity are their own mantissa, of exponent zero. */
double frexp(double, int *), ldexp(double, int);
float frexpf(float, int *), ldexpf(float, int);
double numba_frexp(double x, int *e) { if (x - x != 0.0 || x == 0.0) { *e = 0; return x; } return frexp(x, e); }
float numba_frexpf(float x, int *e) { if (x - x != 0.0f || x == 0.0f) { *e = 0; return x; } return frexpf(x, e); }
double numba_ldexp(double x, int e) { return x - x == 0.0 && x != 0.0 && e ? ldexp(x, e) : x; }
float numba_ldexpf(float x, int e) { return x - x == 0.0f && x != 0.0f && e ? ldexpf(x, e) : x; }

static int fits(object *given, const kind *wanted)
{
    array *a = (array *)given;
    if (given->type != ndarray || a->nd != wanted->nd || (a->flags & wanted->flags) != wanted->flags) return 0;
    if (a->dtype == dtypes[wanted->dtype] || a->dtype == alike[wanted->dtype]) return 1;
    int same = PyObject_RichCompareBool(a->dtype, dtypes[wanted->dtype], EQUAL);
    if (same < 0) PyErr_Clear();
    if (same != 1) return 0;
    object *before = alike[wanted->dtype];
    Py_IncRef(a->dtype);
    alike[wanted->dtype] = a->dtype;
    if (before) Py_DecRef(before);
    return 1;
}

/* A tuple of so many arrays, each of its kind; `to` gets them. */
static int all_fit(object *given, ptrdiff_t count, const kind *wanted, const array **to)
{
    if (PyTuple_Size(given) != count) return 0;
    for (ptrdiff_t i = 0; i < count; i++) {
        object *one = PyTuple_GetItem(given, i);
        if (!fits(one, wanted + i)) return 0;
        to[i] = (const array *)one;
    }
    return 1;
}

static intptr_t items(const array *a)
{
    intptr_t n = 1;
    for (int i = 0; i < a->nd; i++) n *= a->shape[i];
    return n;
}

static object *other(void)
{
    PyErr_Clear();
    Py_IncRef(&_Py_NotImplementedStruct);
    return &_Py_NotImplementedStruct;
}

/* setup(ndarray, dtypes): the type of arrays, and what each kind's items are. */
static object *setup(object *self, object *const *given, ptrdiff_t count)
{
    (void)self;
    if (count != 2) return other();
    ndarray = given[0];
    for (int i = 0; i < DTYPES; i++) {
        dtypes[i] = PyTuple_GetItem(given[1], i);
        if (!dtypes[i]) return NULL;
        Py_IncRef(dtypes[i]);
    }
    return PyBool_FromLong(1);
}

/* probe(array): what this library reads in an array, for the loader to compare. */
static object *probe(object *self, object *const *given, ptrdiff_t count)
{
    (void)self;
    array *a = (array *)given[0];
    if (count != 1 || given[0]->type != ndarray || a->nd != 2) return other();
    return Py_BuildValue("(LLLLLL)", (long long)(intptr_t)a->data, (long long)a->shape[0], (long long)a->shape[1],
                         (long long)a->strides[0], (long long)a->strides[1], (long long)a->flags);
}
"""

TAIL = """
static definition module = { { 1, NULL }, NULL, 0, NULL, "haechi_kernels", "Kernels compiled ahead.", -1, methods, NULL, NULL, NULL, NULL };
__attribute__((visibility("default"))) object *PyInit_haechi_kernels(void) { return PyModule_Create2(&module, API); }
"""

_SCALARS = {
    "int8": "int8_t", "int16": "int16_t", "int32": "int32_t", "int64": "int64_t",
    "uint8": "uint8_t", "uint16": "uint16_t", "uint32": "uint32_t", "uint64": "uint64_t",
    "bool": "uint8_t", "float32": "float", "float64": "double",
}  # fmt: skip


_PACKED = {"C": " | ROWS", "F": " | COLUMNS", "A": ""}


@dataclass(frozen=True, slots=True)
class ArrayKind:
    """Items of number `dtype` (in the library's list) and so many bytes, dimensions, numba's layout (C, F, or A: any), written to or not."""

    dtype: int
    itemsize: int
    ndim: int
    layout: str
    writes: bool

    @property
    def flags(self) -> str:
        """The flags that an array of this kind must have."""
        return "ALIGNED" + _PACKED[self.layout] + " | WRITEABLE" * self.writes


Argument = ArrayKind | tuple[ArrayKind, ...] | str
"""An array, a (named) tuple of arrays, or the name of a scalar."""


@dataclass(frozen=True, slots=True)
class Form:
    """One kernel for one kind of `arguments`; `results` are scalar names (several: a tuple)."""

    name: str
    symbol: str
    arguments: tuple[Argument, ...]
    results: tuple[str, ...]
    is_tuple: bool
    nogil: bool


@dataclass(slots=True)
class Source:
    """The C text of a library."""

    n_dtypes: int
    forms: list[Form] = field(default_factory=list)

    def text(self) -> str:
        """All of it."""
        rows = ['    {"setup", setup, FASTCALL, NULL},', '    {"probe", probe, FASTCALL, NULL},']
        rows += [f'    {{"form{number}", form{number}, FASTCALL, NULL}},' for number in range(len(self.forms))]
        bodies = [line for number, form in enumerate(self.forms) for line in _function(number, form)]
        head = f"#define DTYPES {self.n_dtypes}\n{HEAD}"
        table = ["", "static method methods[] = {", *rows, "    {NULL, NULL, 0, NULL},", "};"]
        return "\n".join((head, *bodies, *table, TAIL))


def _function(number: int, form: Form) -> Iterator[str]:
    yield f"\n/* {form.name} */"
    yield f"extern int k{number}({', '.join(_parameters(form))}) __asm__({_quoted(form.symbol)});"
    yield f"static const kind kinds{number}[] = {{"
    yield from (f"    {{{kind.dtype}, {kind.ndim}, {kind.flags}}}," for _, kind in _arrays(form))
    yield "    {0, 0, 0},\n};"
    yield f"static object *form{number}(object *self, object *const *given, ptrdiff_t count)\n{{"
    yield f"    (void)self;\n    if (count != {len(form.arguments)}) return other();"
    yield from _checks(number, form)
    yield from (
        "    struct {",
        *(f"        {_c_result(name)} r{i};" for i, name in enumerate(form.results)),
        "    } result = {0};",
    )
    yield "    void *error = NULL;"
    if form.nogil:
        yield "    void *thread = PyEval_SaveThread();"
    yield f"    int status = k{number}({', '.join(('&result', '&error', *_passed(form)))});"
    if form.nogil:
        yield "    PyEval_RestoreThread(thread);"
    yield "    if (status != OK && status != NONE)"
    yield f'        return PyErr_Format(PyExc_RuntimeError, "{form.name}: status %d", status);'
    yield f"    return {_returned(form)};\n}}"


def _arrays(form: Form) -> Iterator[tuple[str, ArrayKind]]:
    """The arrays in their order, tuples taken apart, each with the name that it has in the C text."""
    for i, kind in enumerate(form.arguments):
        if isinstance(kind, ArrayKind):
            yield f"a{i}", kind
        elif isinstance(kind, tuple):
            yield from ((f"t{i}[{k}]", part) for k, part in enumerate(kind))


def _checks(number: int, form: Form) -> Iterator[str]:
    place = 0
    for i, kind in enumerate(form.arguments):
        if isinstance(kind, ArrayKind):
            yield f"    if (!fits(given[{i}], &kinds{number}[{place}])) return other();"
            yield f"    const array *a{i} = (const array *)given[{i}];"
            place += 1
        elif isinstance(kind, tuple):
            yield f"    const array *t{i}[{len(kind)}];"
            yield f"    if (!all_fit(given[{i}], {len(kind)}, &kinds{number}[{place}], t{i})) return other();"
            place += len(kind)
        elif kind.startswith("float"):
            yield f"    double s{i} = PyFloat_AsDouble(given[{i}]);"
            yield f"    if (s{i} == -1.0 && PyErr_Occurred()) return other();"
        elif kind == "bool":
            yield f"    int s{i} = PyObject_IsTrue(given[{i}]);\n    if (s{i} < 0) return other();"
        else:
            yield f"    long long s{i} = PyLong_AsLongLong(given[{i}]);"
            yield f"    if (s{i} == -1 && PyErr_Occurred()) return other();"


def _parameters(form: Form) -> Iterator[str]:
    yield from ("void *", "void **")
    for kind in form.arguments:
        if isinstance(kind, str):
            yield _SCALARS[kind]
        else:
            for array in (kind,) if isinstance(kind, ArrayKind) else kind:
                yield from ("void *", "void *", "int64_t", "int64_t", "void *", *["int64_t"] * (2 * array.ndim))


def _passed(form: Form) -> Iterator[str]:
    arrays = _arrays(form)
    for i, kind in enumerate(form.arguments):
        if isinstance(kind, str):
            yield f"({_SCALARS[kind]})s{i}"
        else:
            for _ in (kind,) if isinstance(kind, ArrayKind) else kind:
                yield from _spread(*next(arrays))


def _spread(name: str, kind: ArrayKind) -> Iterator[str]:
    yield from ("NULL", "NULL", f"items({name})", str(kind.itemsize), f"{name}->data")
    yield from (f"{name}->shape[{d}]" for d in range(kind.ndim))
    yield from (f"{name}->strides[{d}]" for d in range(kind.ndim))


def _c_result(name: str) -> str:
    return "void *" if name == "none" else _SCALARS[name]


def _returned(form: Form) -> str:
    codes = [_built(name, f"result.r{i}") for i, name in enumerate(form.results)]
    letters = "".join(code for code, _ in codes)
    values = "".join(f", {value}" for _, value in codes)
    return f'Py_BuildValue("{f"({letters})" if form.is_tuple else letters}"{values})'


def _built(name: str, value: str) -> tuple[str, str]:
    if name == "bool":
        return "N", f"PyBool_FromLong({value})"
    if name.startswith("float"):
        return "d", f"(double){value}"
    return "L", f"(long long){value}"


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
