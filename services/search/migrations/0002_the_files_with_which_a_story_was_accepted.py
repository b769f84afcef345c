"""The files with which a story was accepted."""

import json

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    comment = "The files with which it was accepted, as JSON: only their films are shown."
    op.add_column("story", sa.Column("accepted", sa.Text(), nullable=True, comment=comment))
    story = sa.table("story", sa.column("work_id"), sa.column("preview"), sa.column("accepted"))
    connection = op.get_bind()
    for work_id, preview in connection.execute(sa.select(story.c.work_id, story.c.preview)).all():
        shown = json.dumps(sorted(json.loads(preview)))  # what was shown so far goes on being shown
        connection.execute(story.update().where(story.c.work_id == work_id).values(accepted=shown))


def downgrade() -> None:
    """A release's tables stay: the previous release's code runs on them."""
