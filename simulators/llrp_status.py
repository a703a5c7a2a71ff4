"""How a reader says no: LLRPStatus and its nested errors (LLRP 1.0.1, clause 14.2)."""

from drivers.codecs.llrp import Parameter, Unknown
from drivers.codecs.llrp_tables import PARAMETERS

M_PARAMETER_ERROR = 100
M_FIELD_ERROR = 101
M_UNSUPPORTED_MESSAGE = 109
M_UNSUPPORTED_VERSION = 110
P_PARAMETER_ERROR = 200
P_FIELD_ERROR = 201
P_MISSING_PARAMETER = 203
P_OVERFLOW_PARAMETER = 205
P_UNKNOWN_PARAMETER = 207
P_UNSUPPORTED_PARAMETER = 209
A_INVALID = 300
A_OUT_OF_RANGE = 301

SUCCESS = Parameter("LLRPStatus", {"status_code": 0})


class Refused(Exception):
    """A request that the reader does not carry out; `status` is its LLRPStatus."""

    def __init__(self, code: int, text: str, *errors: Parameter) -> None:
        super().__init__(text)
        self.status = Parameter("LLRPStatus", {"status_code": code, "error_description": text}, errors)


def bad_field(text: str, code: int = A_INVALID, field: int = 0) -> Refused:
    """Field number `field` of the message itself is wrong."""
    return Refused(M_FIELD_ERROR, text, _field_error(field, code))


def bad_parameter(name: str, text: str, code: int) -> Refused:
    """The parameter called `name` is missing, unsupported or one too many."""
    return Refused(M_PARAMETER_ERROR, text, _parameter_error(name, code))


def bad_parameter_field(name: str, text: str, field: int = 0, code: int = A_OUT_OF_RANGE) -> Refused:
    """Field number `field` of the parameter called `name` is wrong."""
    error = _parameter_error(name, P_FIELD_ERROR, _field_error(field, code))
    return Refused(M_PARAMETER_ERROR, text, error)


def _field_error(field: int, code: int) -> Parameter:
    return Parameter("FieldError", {"field_num": field, "error_code": code})


def _parameter_error(name: str, code: int, *errors: Parameter) -> Parameter:
    key = PARAMETERS[name].key
    type = key if isinstance(key, int) else 1023
    return Parameter("ParameterError", {"parameter_type": type, "error_code": code}, errors)


def unknown_parameter(unknown: Unknown) -> Refused:
    """Bytes that the tables do not know, or that are damaged."""
    head = int.from_bytes(unknown.data[:2]) & 0x3FF if unknown.data[0] < 0x80 else unknown.data[0] & 0x7F
    code = P_PARAMETER_ERROR if unknown.malformed else P_UNKNOWN_PARAMETER
    error = Parameter("ParameterError", {"parameter_type": head, "error_code": code})
    return Refused(M_PARAMETER_ERROR, f"parameter {head} cannot be understood", error)
