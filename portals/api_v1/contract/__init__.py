"""The contract of an endpoint, declared where its view stands: what it takes, what it answers, what it refuses.

One declaration validates what comes in, encodes what goes out, and is what `/api/v1/openapi.json` is made from.
"""

from portals.api_v1.contract.operation import Answer, Operation, find_operation, operation

__all__ = ["Answer", "Operation", "find_operation", "operation"]
