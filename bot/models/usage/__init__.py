"""A server's use day by day, and how it is drawn."""

from bot.models.usage.charts import BarChart
from bot.models.usage.days import DailyUsage, UsageBy, UsageShare

__all__ = ["BarChart", "DailyUsage", "UsageBy", "UsageShare"]
