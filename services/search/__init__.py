"""Full text of stories, and the register of earlier winners."""
