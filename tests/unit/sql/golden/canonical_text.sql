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
spark   trim(LEADING '+' FROM CAST(`v` AS STRING))
duckdb  CASE WHEN year("v") > 0 THEN CAST("v" AS VARCHAR) ELSE printf('%s%04d', CASE WHEN year("v") < 0 THEN '-' ELSE '' END, abs(year("v"))) || strftime("v", '-%m-%d') END
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
spark   CASE WHEN `v` >= DATE'0001-01-01' AND `v` < DATE'+10000-01-01' THEN date_format(`v`, 'yyyy-MM-dd HH:mm:ss.SSSSSS') ELSE concat(CASE WHEN year(`v`) > 9999 THEN '+' WHEN year(`v`) < 0 THEN '-' ELSE '' END, format_string('%04d', abs(year(`v`))), date_format(`v`, '-MM-dd HH:mm:ss.SSSSSS')) END
duckdb  CASE WHEN year(CAST("v" AS TIMESTAMP)) BETWEEN 1 AND 9999 THEN strftime(CAST("v" AS TIMESTAMP), '%Y-%m-%d %H:%M:%S.%f') ELSE CASE WHEN year(CAST("v" AS TIMESTAMP)) > 9999 THEN '+' ELSE '' END || printf('%s%04d', CASE WHEN year(CAST("v" AS TIMESTAMP)) < 0 THEN '-' ELSE '' END, abs(year(CAST("v" AS TIMESTAMP)))) || strftime(CAST("v" AS TIMESTAMP), '-%m-%d %H:%M:%S.%f') END
mysql   `v`
