"""What each party owes under the agreement now: when it is due, what shows that it was done, what is late."""

from padan.obligations.duties import Duty, duties
from padan.obligations.reminders import remind
from padan.obligations.standing import Standing, standing, store

__all__ = ["Duty", "Standing", "duties", "remind", "standing", "store"]
