"""What an LLRPStatus says, in words (LLRP 1.1, LLRPStatus parameter)."""

from drivers.codecs.llrp import Message, Parameter
from drivers.codecs.llrp_tables import PARAMETER_TYPES

STATUS_CODES = {
    0: "M_Success",
    100: "M_ParameterError",
    101: "M_FieldError",
    102: "M_UnexpectedParameter",
    103: "M_MissingParameter",
    104: "M_DuplicateParameter",
    105: "M_OverflowParameter",
    106: "M_OverflowField",
    107: "M_UnknownParameter",
    108: "M_UnknownField",
    109: "M_UnsupportedMessage",
    110: "M_UnsupportedVersion",
    111: "M_UnsupportedParameter",
    112: "M_UnexpectedMessage",
    200: "P_ParameterError",
    201: "P_FieldError",
    202: "P_UnexpectedParameter",
    203: "P_MissingParameter",
    204: "P_DuplicateParameter",
    205: "P_OverflowParameter",
    206: "P_OverflowField",
    207: "P_UnknownParameter",
    208: "P_UnknownField",
    209: "P_UnsupportedParameter",
    300: "A_Invalid",
    301: "A_OutOfRange",
    401: "R_DeviceError",
}
"""Names of the status codes."""

LONGEST = 300
"""Characters of a reader's own words that are repeated; it may send 65,535."""

_DEPTH = 8


def failure(message: Message) -> str | None:
    """Why the request that `message` answers failed; None if it did not."""
    status = message.first("LLRPStatus")
    if status is None:
        return "no LLRPStatus in the answer" if message.name == "ERROR_MESSAGE" else None
    code = status.number("status_code")
    if code == 0 and message.name != "ERROR_MESSAGE":
        return None
    text = str(status.fields.get("error_description", ""))[:LONGEST]
    return "; ".join([_name(code) + (f" {text!r}" if text else ""), *_details(status, _DEPTH)])


def _details(node: Parameter, depth: int) -> list[str]:
    found = []
    for error in node.every("FieldError"):
        found.append(f"field {error.number('field_num')}: {_name(error.number('error_code'))}")
    for error in node.every("ParameterError"):
        type = error.number("parameter_type")
        spec = PARAMETER_TYPES.get(type)
        found.append(f"{spec.name if spec else f'parameter {type}'}: {_name(error.number('error_code'))}")
        if depth:
            found += _details(error, depth - 1)
    return found


def _name(code: int) -> str:
    return f"{STATUS_CODES.get(code, 'unknown status')} ({code})"
