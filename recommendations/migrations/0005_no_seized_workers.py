from django.db import migrations, models


class Migration(migrations.Migration):
    """The column stays for as long as code that knows it may run beside ours."""

    dependencies = [("recommendations", "0004_night_begun")]

    operations = [
        migrations.AlterField(
            "worker", "seized", models.BooleanField(default=False, db_default=False)
        ),
        migrations.SeparateDatabaseAndState(
            state_operations=[migrations.RemoveField("worker", "seized")]
        ),
    ]
