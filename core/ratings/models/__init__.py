"""Tables of ratings, feedback and appeals."""

from core.ratings.models.appeals import Appeal, AppealState
from core.ratings.models.feedback import Feedback, FeedbackBatch
from core.ratings.models.ratings import DriverRating

__all__ = ["Appeal", "AppealState", "DriverRating", "Feedback", "FeedbackBatch"]
