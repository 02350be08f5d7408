-- binary
trino   lower(to_hex("v"))
spark   lower(hex(`v`))
duckdb  lower(hex("v"))
mysql   LOWER(HEX(`v`))
-- boolean
trino   CASE WHEN "v" THEN '1' WHEN NOT "v" THEN '0' END
spark   CASE WHEN `v` THEN '1' WHEN NOT `v` THEN '0' END
duckdb  CASE WHEN "v" THEN '1' WHEN NOT "v" THEN '0' END
mysql   `v`
-- date
trino   CAST("v" AS VARCHAR)
spark   CAST(`v` AS STRING)
duckdb  CAST("v" AS VARCHAR)
mysql   `v`
-- decimal
trino   CAST(CAST("v" AS decimal(38,4)) AS varchar)
spark   replace(format_number(CAST(`v` AS DECIMAL(38,4)), 4), ',', '')
duckdb  CAST(CAST("v" AS DECIMAL(38,4)) AS VARCHAR)
mysql   `v`
-- integer
trino   CAST("v" AS VARCHAR)
spark   CAST(`v` AS STRING)
duckdb  CAST("v" AS VARCHAR)
mysql   `v`
-- text as CHAR(n)
trino   regexp_replace(CAST("v" AS varchar), ' +\z', '')
spark   rtrim(`v`)
duckdb  rtrim("v", ' ')
mysql   CAST(`v` AS BINARY)
-- timestamp
trino   CAST(CAST("v" AS timestamp(6)) AS varchar)
spark   concat(CASE WHEN `v` < DATE'0001-01-01' THEN '-' ELSE '' END, date_format(`v`, 'yyyy-MM-dd HH:mm:ss.SSSSSS'))
duckdb  strftime(CAST("v" AS TIMESTAMP), '%Y-%m-%d %H:%M:%S.%f')
mysql   `v`
