"""x"""


def prove() -> bool:
    """x"""
    return True
