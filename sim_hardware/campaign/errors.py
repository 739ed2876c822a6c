"""What a campaign cannot do."""


class CampaignError(Exception):
    """A campaign that cannot be, or cannot go on: the text names what is wrong and the remedy."""
