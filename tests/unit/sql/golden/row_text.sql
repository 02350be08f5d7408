-- trino
concat_ws(chr(31), "payment_id",
             CAST(CAST("amount" AS decimal(38,4)) AS varchar),
             CASE WHEN "refunded" THEN '1' WHEN NOT "refunded" THEN '0' END,
             CAST(CAST("settled_at" AS timestamp(6)) AS varchar),
             "note",
             CAST(length("note") AS VARCHAR),
             CAST((CASE WHEN "payment_id" IS NULL THEN 1 ELSE 0 END + CASE WHEN "amount" IS NULL THEN 2 ELSE 0 END + CASE WHEN "refunded" IS NULL THEN 4 ELSE 0 END + CASE WHEN "settled_at" IS NULL THEN 8 ELSE 0 END + CASE WHEN "note" IS NULL THEN 16 ELSE 0 END) AS VARCHAR))
-- spark
concat_ws(char(31), `payment_id`,
             replace(format_number(CAST(`amount` AS DECIMAL(38,4)), 4), ',', ''),
             CASE WHEN `refunded` THEN '1' WHEN NOT `refunded` THEN '0' END,
             concat(CASE WHEN `settled_at` < DATE'0001-01-01' THEN '-' ELSE '' END, date_format(`settled_at`, 'yyyy-MM-dd HH:mm:ss.SSSSSS')),
             `note`,
             CAST(length(`note`) AS STRING),
             CAST((CASE WHEN `payment_id` IS NULL THEN 1 ELSE 0 END + CASE WHEN `amount` IS NULL THEN 2 ELSE 0 END + CASE WHEN `refunded` IS NULL THEN 4 ELSE 0 END + CASE WHEN `settled_at` IS NULL THEN 8 ELSE 0 END + CASE WHEN `note` IS NULL THEN 16 ELSE 0 END) AS STRING))
-- duckdb
concat_ws(chr(31), "payment_id",
             CAST(CAST("amount" AS DECIMAL(38,4)) AS VARCHAR),
             CASE WHEN "refunded" THEN '1' WHEN NOT "refunded" THEN '0' END,
             strftime(CAST("settled_at" AS TIMESTAMP), '%Y-%m-%d %H:%M:%S.%f'),
             "note",
             CAST(length("note") AS VARCHAR),
             CAST((CASE WHEN "payment_id" IS NULL THEN 1 ELSE 0 END + CASE WHEN "amount" IS NULL THEN 2 ELSE 0 END + CASE WHEN "refunded" IS NULL THEN 4 ELSE 0 END + CASE WHEN "settled_at" IS NULL THEN 8 ELSE 0 END + CASE WHEN "note" IS NULL THEN 16 ELSE 0 END) AS VARCHAR))
