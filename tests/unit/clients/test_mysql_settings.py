"""Every session variable of both servers is set by us, or there is a reason why it may stay as it is."""

from __future__ import annotations

import pytest

from parity.clients.mysql_settings import SETTINGS, Setting, settings, unset
from truth import records

HARMLESS = {
    "how the server plans and what it buffers: the answer is the same, or it ends with an error": """
        aria_sort_buffer_size big_tables bulk_insert_buffer_size connection_memory_chunk_size
        connection_memory_limit cte_max_recursion_depth eq_range_index_dive_limit expensive_subquery_limit
        enable_secondary_engine_statistics global_connection_memory_tracking histogram_size histogram_type
        innodb_parallel_read_threads innodb_tmpdir internal_tmp_mem_storage_engine join_buffer_size
        join_buffer_space_limit join_cache_level max_heap_table_size max_length_for_sort_data
        max_recursive_iterations max_rowid_filter_size max_seeks_for_key max_session_mem_used max_tmp_tables
        max_allowed_packet max_points_in_geometry max_user_connections mrr_buffer_size
        myisam_sort_buffer_size net_buffer_length net_retry_count optimizer_adjust_secondary_key_costs
        optimizer_extra_pruning_depth optimizer_join_limit_pref_ratio optimizer_max_sel_arg_weight
        optimizer_max_sel_args optimizer_max_subgraph_pairs optimizer_prune_level optimizer_search_depth
        optimizer_selectivity_sampling_limit optimizer_switch optimizer_use_condition_selectivity
        parser_max_mem_size preload_buffer_size query_alloc_block_size query_prealloc_size
        range_alloc_block_size range_optimizer_max_mem_size read_buffer_size read_rnd_buffer_size
        rowid_merge_buff_size secondary_engine_cost_threshold set_operations_buffer_size sort_buffer_size
        sql_buffer_result standard_compliant_cte tcp_nodelay thread_pool_priority tmp_disk_table_size
        tmp_memory_table_size tmp_table_size transaction_alloc_block_size transaction_prealloc_size
        use_stat_tables query_cache_strip_comments query_cache_type query_cache_wlock_invalidate""",
    "what only writing, changing definitions, maintenance or replication look at": """
        alter_algorithm analyze_max_length analyze_sample_percentage aria_repair_threads aria_stats_method
        auto_increment_increment auto_increment_offset binlog_alter_two_phase binlog_annotate_row_events
        binlog_direct_non_transactional_updates binlog_format binlog_row_image binlog_row_value_options
        binlog_rows_query_log_events binlog_transaction_compression
        binlog_transaction_compression_level_zstd check_constraint_checks column_compression_threshold
        column_compression_zlib_level column_compression_zlib_strategy column_compression_zlib_wrap
        default_master_connection default_storage_engine default_table_encryption default_tmp_storage_engine
        enable_cascade_triggers enforce_storage_engine explicit_defaults_for_timestamp
        external_table_secondary_storage_engine external_table_storage_engine foreign_key_checks
        generated_random_password_length group_replication_consistency gtid_domain_id gtid_next gtid_owned
        gtid_seq_no histogram_generation_max_mem_size idle_write_transaction_timeout immediate_server_version
        innodb_compression_default innodb_ddl_buffer_size innodb_ddl_threads innodb_default_encryption_key_id
        innodb_ft_enable_stopword innodb_ft_user_stopword_table innodb_strict_mode insert_id
        keep_files_on_create last_gtid low_priority_updates max_delayed_threads max_insert_delayed_threads
        max_relay_log_size myisam_repair_threads myisam_stats_method old_alter_table old_passwords
        original_commit_timestamp original_server_version pseudo_replica_mode pseudo_slave_mode
        rbr_exec_mode require_row_format restrict_fk_on_non_standard_key select_into_buffer_size
        select_into_disk_sync select_into_disk_sync_delay server_id skip_parallel_replication
        skip_replication sql_generate_invisible_primary_key sql_if_exists sql_log_bin
        sql_require_primary_key sql_slave_skip_counter storage_engine system_versioning_alter_history
        system_versioning_insert_history transaction_allow_batching unique_checks
        updatable_views_with_limit wsrep_gtid_seq_no wsrep_on wsrep_osu_method wsrep_retry_autocommit
        wsrep_trx_fragment_size wsrep_trx_fragment_unit xa_detach_on_prepare""",
    "what is logged, traced, measured, warned of or explained": """
        end_markers_in_json error_count explain_format explain_json_format_version lc_messages
        log_disabled_statements log_queries_not_using_indexes log_slow_admin_statements
        log_slow_disabled_statements log_slow_filter log_slow_max_warnings log_slow_min_examined_row_limit
        log_slow_query log_slow_query_time log_slow_rate_limit log_slow_slave_statements log_slow_verbosity
        log_warnings long_query_time max_error_count min_examined_row_limit note_verbosity optimizer_trace
        optimizer_trace_features optimizer_trace_limit optimizer_trace_max_mem_size optimizer_trace_offset
        print_identified_with_as_hex profiling profiling_history_size progress_report_time
        session_track_gtids session_track_schema session_track_state_change session_track_system_variables
        session_track_transaction_info slow_query_log sql_log_off sql_notes sql_warnings statement_id
        terminology_use_previous warning_count""",
    "of functions that no question of ours calls": """
        block_encryption_mode identity last_insert_id max_sp_recursion_depth rand_seed1 rand_seed2""",
    "character sets of what is created, or of files; every text that we send names its own": """
        character_set_database character_set_filesystem character_set_server collation_database
        collation_server default_collation_for_utf8mb4""",
    "locks and nodes: who must wait is stopped, and says so": """
        deadlock_search_depth_long deadlock_search_depth_short deadlock_timeout_long deadlock_timeout_short
        innodb_snapshot_isolation innodb_table_locks wsrep_causal_reads wsrep_sync_wait""",
    "set by a statement of its own (SET SESSION TRANSACTION), or read only": """
        external_user in_transaction interactive_timeout proxy_user pseudo_thread_id transaction_isolation
        transaction_read_only tx_isolation tx_read_only""",
}
"""Reason → the variables that may stay as they are."""
KNOWN = {
    "MySQL 9.7": " ".join(records.read("mysql97_variables").cases["session"]),
    "MariaDB 10.11": """
        alter_algorithm analyze_max_length analyze_sample_percentage aria_repair_threads aria_sort_buffer_size
        aria_stats_method auto_increment_increment auto_increment_offset autocommit big_tables
        binlog_alter_two_phase binlog_annotate_row_events binlog_direct_non_transactional_updates
        binlog_format binlog_row_image bulk_insert_buffer_size character_set_client character_set_connection
        character_set_database character_set_filesystem character_set_results character_set_server
        check_constraint_checks collation_connection collation_database collation_server
        column_compression_threshold column_compression_zlib_level column_compression_zlib_strategy
        column_compression_zlib_wrap completion_type deadlock_search_depth_long deadlock_search_depth_short
        deadlock_timeout_long deadlock_timeout_short default_master_connection default_regex_flags
        default_storage_engine default_tmp_storage_engine default_week_format div_precision_increment
        enforce_storage_engine eq_range_index_dive_limit error_count expensive_subquery_limit
        explicit_defaults_for_timestamp external_user foreign_key_checks group_concat_max_len gtid_domain_id
        gtid_seq_no histogram_size histogram_type identity idle_readonly_transaction_timeout
        idle_transaction_timeout idle_write_transaction_timeout in_predicate_conversion_threshold
        in_transaction innodb_compression_default innodb_default_encryption_key_id innodb_ft_enable_stopword
        innodb_ft_user_stopword_table innodb_lock_wait_timeout innodb_snapshot_isolation innodb_strict_mode
        innodb_table_locks innodb_tmpdir insert_id interactive_timeout join_buffer_size
        join_buffer_space_limit join_cache_level keep_files_on_create last_gtid last_insert_id lc_messages
        lc_time_names lock_wait_timeout log_disabled_statements log_queries_not_using_indexes
        log_slow_admin_statements log_slow_disabled_statements log_slow_filter log_slow_max_warnings
        log_slow_min_examined_row_limit log_slow_query log_slow_query_time log_slow_rate_limit
        log_slow_slave_statements log_slow_verbosity log_warnings long_query_time low_priority_updates
        max_allowed_packet max_delayed_threads max_error_count max_heap_table_size max_insert_delayed_threads
        max_join_size max_length_for_sort_data max_recursive_iterations max_relay_log_size
        max_rowid_filter_size max_seeks_for_key max_session_mem_used max_sort_length max_sp_recursion_depth
        max_statement_time max_tmp_tables max_user_connections min_examined_row_limit mrr_buffer_size
        myisam_repair_threads myisam_sort_buffer_size myisam_stats_method net_buffer_length net_read_timeout
        net_retry_count net_write_timeout note_verbosity old old_alter_table old_mode old_passwords
        optimizer_adjust_secondary_key_costs optimizer_extra_pruning_depth optimizer_join_limit_pref_ratio
        optimizer_max_sel_arg_weight optimizer_max_sel_args optimizer_prune_level optimizer_search_depth
        optimizer_selectivity_sampling_limit optimizer_switch optimizer_trace optimizer_trace_max_mem_size
        optimizer_use_condition_selectivity preload_buffer_size profiling profiling_history_size
        progress_report_time proxy_user pseudo_slave_mode pseudo_thread_id query_alloc_block_size
        query_cache_strip_comments query_cache_type query_cache_wlock_invalidate query_prealloc_size
        rand_seed1 rand_seed2 range_alloc_block_size read_buffer_size read_rnd_buffer_size
        rowid_merge_buff_size server_id session_track_schema session_track_state_change
        session_track_system_variables session_track_transaction_info skip_parallel_replication
        skip_replication slow_query_log sort_buffer_size sql_auto_is_null sql_big_selects sql_buffer_result
        sql_if_exists sql_log_bin sql_log_off sql_mode sql_notes sql_quote_show_create sql_safe_updates
        sql_select_limit sql_slave_skip_counter sql_warnings standard_compliant_cte storage_engine
        system_versioning_alter_history system_versioning_asof system_versioning_insert_history tcp_nodelay
        thread_pool_priority time_zone timestamp tmp_disk_table_size tmp_memory_table_size tmp_table_size
        transaction_alloc_block_size transaction_prealloc_size tx_isolation tx_read_only unique_checks
        updatable_views_with_limit use_stat_tables wait_timeout warning_count wsrep_causal_reads
        wsrep_dirty_reads wsrep_gtid_seq_no wsrep_on wsrep_osu_method wsrep_retry_autocommit wsrep_sync_wait
        wsrep_trx_fragment_size wsrep_trx_fragment_unit""",
}
"""The names of all session variables, as the servers list them."""


@pytest.mark.parametrize("server", KNOWN)
def test_every_session_variable_is_set_or_cannot_alter_an_answer(server: str) -> None:
    ours = {setting.name for setting in settings(1, 1, 1)}
    harmless = {name for names in HARMLESS.values() for name in names.split()}
    assert not ours & harmless
    assert set(KNOWN[server].split()) - ours - harmless == set()


def test_a_value_is_the_same_however_the_server_spells_it() -> None:
    switch = Setting("use_secondary_engine", "OFF", "", quoted=False)
    assert switch.holds("0")
    assert switch.holds("OFF")
    assert not switch.holds("FORCED")
    assert Setting("max_statement_time", "600", "").holds("600.000000")
    assert Setting("sql_mode", "", "").holds("")
    assert not Setting("sql_mode", "", "").holds("ANSI")


def test_what_a_session_has_in_spite_of_our_setting_is_found() -> None:
    shown = {setting.name: setting.value for setting in SETTINGS}
    assert unset(SETTINGS, shown) == []
    found = unset(SETTINGS, {**shown, "sql_select_limit": "10"})
    assert [(setting.name, value) for setting, value in found] == [("sql_select_limit", "10")]
    assert unset(SETTINGS, {}) == []
