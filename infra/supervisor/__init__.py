"""`erp run`: the database and every program of the product, started, watched and stopped together."""

from infra.supervisor.lifetime import supervise
from infra.supervisor.product import run
from infra.supervisor.program import Plan, Program

__all__ = ["Plan", "Program", "run", "supervise"]
