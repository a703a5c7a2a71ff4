"""Every LLRP message and parameter that Waypost knows (EPCglobal LLRP 1.0.1 and 1.1, Impinj extensions).

The standard's names; the notation is told in `llrp_schema`. Types below 128 are TV parameters (one byte
0x80 | type, no length), the others TLV. What 1.1 added to 1.0.1: messages 46, 47, 56, 57, parameters 19, 20 and
355 to 365, and flags in bits that 1.0.1 reserves. Custom ones of vendor 25882 are Impinj's.
"""

from drivers.codecs.llrp_schema import Key, Spec, parse

IMPINJ = 25882
"""Impinj's private enterprise number."""

_MESSAGES = """
1 GET_READER_CAPABILITIES requested_data:u8 > Custom*
11 GET_READER_CAPABILITIES_RESPONSE > LLRPStatus GeneralDeviceCapabilities? LLRPCapabilities?
    RegulatoryCapabilities? C1G2LLRPCapabilities? Custom*
2 GET_READER_CONFIG antenna_id:u16 requested_data:u8 gpi_port:u16 gpo_port:u16 > Custom*
12 GET_READER_CONFIG_RESPONSE > LLRPStatus Identification? AntennaProperties* AntennaConfiguration*
    ReaderEventNotificationSpec? ROReportSpec? AccessReportSpec? LLRPConfigurationStateValue? KeepaliveSpec?
    GPIPortCurrentState* GPOWriteData* EventsAndReports? Custom*
3 SET_READER_CONFIG reset_to_factory_default:1b _:7b > ReaderEventNotificationSpec? AntennaProperties*
    AntennaConfiguration* ROReportSpec? AccessReportSpec? KeepaliveSpec? GPOWriteData* GPIPortCurrentState*
    EventsAndReports? Custom*
13 SET_READER_CONFIG_RESPONSE > LLRPStatus
14 CLOSE_CONNECTION
4 CLOSE_CONNECTION_RESPONSE > LLRPStatus
20 ADD_ROSPEC > ROSpec
30 ADD_ROSPEC_RESPONSE > LLRPStatus
21 DELETE_ROSPEC rospec_id:u32
31 DELETE_ROSPEC_RESPONSE > LLRPStatus
22 START_ROSPEC rospec_id:u32
32 START_ROSPEC_RESPONSE > LLRPStatus
23 STOP_ROSPEC rospec_id:u32
33 STOP_ROSPEC_RESPONSE > LLRPStatus
24 ENABLE_ROSPEC rospec_id:u32
34 ENABLE_ROSPEC_RESPONSE > LLRPStatus
25 DISABLE_ROSPEC rospec_id:u32
35 DISABLE_ROSPEC_RESPONSE > LLRPStatus
26 GET_ROSPECS
36 GET_ROSPECS_RESPONSE > LLRPStatus ROSpec*
40 ADD_ACCESSSPEC > AccessSpec
50 ADD_ACCESSSPEC_RESPONSE > LLRPStatus
41 DELETE_ACCESSSPEC access_spec_id:u32
51 DELETE_ACCESSSPEC_RESPONSE > LLRPStatus
42 ENABLE_ACCESSSPEC access_spec_id:u32
52 ENABLE_ACCESSSPEC_RESPONSE > LLRPStatus
43 DISABLE_ACCESSSPEC access_spec_id:u32
53 DISABLE_ACCESSSPEC_RESPONSE > LLRPStatus
44 GET_ACCESSSPECS
54 GET_ACCESSSPECS_RESPONSE > LLRPStatus AccessSpec*
45 CLIENT_REQUEST_OP > TagReportData
55 CLIENT_REQUEST_OP_RESPONSE > ClientRequestResponse
46 GET_SUPPORTED_VERSION
56 GET_SUPPORTED_VERSION_RESPONSE current_version:u8 supported_version:u8 > LLRPStatus
47 SET_PROTOCOL_VERSION protocol_version:u8
57 SET_PROTOCOL_VERSION_RESPONSE > LLRPStatus
60 GET_REPORT
61 RO_ACCESS_REPORT > TagReportData* RFSurveyReportData* Custom*
62 KEEPALIVE
72 KEEPALIVE_ACK
63 READER_EVENT_NOTIFICATION > ReaderEventNotificationData
64 ENABLE_EVENTS_AND_REPORTS
100 ERROR_MESSAGE > LLRPStatus
1023 CUSTOM_MESSAGE vendor:u32 subtype:u8 data:rest
25882/21 IMPINJ_ENABLE_EXTENSIONS _:32b > Custom*
25882/22 IMPINJ_ENABLE_EXTENSIONS_RESPONSE > LLRPStatus Custom*
25882/23 IMPINJ_SAVE_SETTINGS save_configuration:1b _:7b > Custom*
25882/24 IMPINJ_SAVE_SETTINGS_RESPONSE > LLRPStatus Custom*
"""

_PARAMETERS = """
1 AntennaID antenna_id:u16
2 FirstSeenTimestampUTC microseconds:u64
3 FirstSeenTimestampUptime microseconds:u64
4 LastSeenTimestampUTC microseconds:u64
5 LastSeenTimestampUptime microseconds:u64
6 PeakRSSI peak_rssi:s8
7 ChannelIndex channel_index:u16
8 TagSeenCount tag_count:u16
9 ROSpecID rospec_id:u32
10 InventoryParameterSpecID inventory_parameter_spec_id:u16
11 C1G2_CRC crc:u16
12 C1G2_PC pc_bits:u16
13 EPC_96 epc:12B
14 SpecIndex spec_index:u16
15 ClientRequestOpSpecResult op_spec_id:u16
16 AccessSpecID access_spec_id:u32
17 OpSpecID op_spec_id:u16
18 C1G2SingulationDetails collision_slots:u16 empty_slots:u16
19 C1G2_XPCW1 xpc_w1:u16
20 C1G2_XPCW2 xpc_w2:u16
128 UTCTimestamp microseconds:u64
129 Uptime microseconds:u64
137 GeneralDeviceCapabilities max_antennas:u16 can_set_antenna_properties:1b has_utc_clock:1b _:14b
    manufacturer:u32 model:u32 firmware:utf8v > ReceiveSensitivityTableEntry*
    PerAntennaReceiveSensitivityRange* GPIOCapabilities PerAntennaAirProtocol* MaximumReceiveSensitivity?
139 ReceiveSensitivityTableEntry index:u16 sensitivity:s16
140 PerAntennaAirProtocol antenna_id:u16 protocol_ids:u8v
141 GPIOCapabilities gpis:u16 gpos:u16
142 LLRPCapabilities can_do_rf_survey:1b can_report_buffer_fill_warning:1b supports_client_request_op_spec:1b
    can_do_state_aware_singulation:1b supports_holding:1b _:3b max_priority_levels:u8
    client_request_timeout:u16 max_rospecs:u32 max_specs_per_rospec:u32 max_inventory_specs_per_aispec:u32
    max_access_specs:u32 max_op_specs_per_access_spec:u32
143 RegulatoryCapabilities country_code:u16 communications_standard:u16 > UHFBandCapabilities? Custom*
144 UHFBandCapabilities > TransmitPowerLevelTableEntry* FrequencyInformation C1G2UHFRFModeTable*
    RFSurveyFrequencyCapabilities?
145 TransmitPowerLevelTableEntry index:u16 power:s16
146 FrequencyInformation hopping:1b _:7b > FrequencyHopTable* FixedFrequencyTable?
147 FrequencyHopTable hop_table_id:u8 _:8b frequencies:u32v
148 FixedFrequencyTable frequencies:u32v
149 PerAntennaReceiveSensitivityRange antenna_id:u16 index_min:u16 index_max:u16
177 ROSpec rospec_id:u32 priority:u8 current_state:u8 > ROBoundarySpec
    AISpec|RFSurveySpec|LoopSpec|Custom+ ROReportSpec?
178 ROBoundarySpec > ROSpecStartTrigger ROSpecStopTrigger
179 ROSpecStartTrigger type:u8 > PeriodicTriggerValue? GPITriggerValue?
180 PeriodicTriggerValue offset:u32 period:u32 > UTCTimestamp?
181 GPITriggerValue gpi_port:u16 gpi_event:1b _:7b timeout:u32
182 ROSpecStopTrigger type:u8 duration:u32 > GPITriggerValue?
183 AISpec antenna_ids:u16v > AISpecStopTrigger InventoryParameterSpec+ Custom*
184 AISpecStopTrigger type:u8 duration:u32 > GPITriggerValue? TagObservationTrigger?
185 TagObservationTrigger type:u8 _:8b number_of_tags:u16 number_of_attempts:u16 t:u16 timeout:u32
186 InventoryParameterSpec inventory_parameter_spec_id:u16 protocol_id:u8 > AntennaConfiguration* Custom*
187 RFSurveySpec antenna_id:u16 start_frequency:u32 end_frequency:u32 > RFSurveySpecStopTrigger Custom*
188 RFSurveySpecStopTrigger type:u8 duration:u32 n:u32
207 AccessSpec access_spec_id:u32 antenna_id:u16 protocol_id:u8 current_state:1b _:7b rospec_id:u32
    > AccessSpecStopTrigger AccessCommand AccessReportSpec? Custom*
208 AccessSpecStopTrigger type:u8 operation_count:u16
209 AccessCommand > C1G2TagSpec
    C1G2Read|C1G2Write|C1G2Kill|C1G2Recommission|C1G2Lock|C1G2BlockErase|C1G2BlockWrite|C1G2BlockPermalock|C1G2GetBlockPermalockStatus|ClientRequestOpSpec|Custom*
210 ClientRequestOpSpec op_spec_id:u16
211 ClientRequestResponse access_spec_id:u32 > EPCData|EPC_96
    C1G2Read|C1G2Write|C1G2Kill|C1G2Recommission|C1G2Lock|C1G2BlockErase|C1G2BlockWrite|C1G2BlockPermalock|C1G2GetBlockPermalockStatus|Custom*
217 LLRPConfigurationStateValue value:u32
218 Identification type:u8 reader_id:u8v
219 GPOWriteData gpo_port:u16 gpo_data:1b _:7b
220 KeepaliveSpec type:u8 period:u32
221 AntennaProperties antenna_connected:1b _:7b antenna_id:u16 antenna_gain:s16
222 AntennaConfiguration antenna_id:u16 > RFReceiver? RFTransmitter? C1G2InventoryCommand* Custom*
223 RFReceiver receiver_sensitivity:u16
224 RFTransmitter hop_table_id:u16 channel_index:u16 transmit_power:u16
225 GPIPortCurrentState gpi_port:u16 config:1b _:7b state:u8
226 EventsAndReports hold:1b _:7b
237 ROReportSpec trigger:u8 n:u16 > TagReportContentSelector Custom*
238 TagReportContentSelector rospec_id:1b spec_index:1b inventory_parameter_spec_id:1b antenna_id:1b
    channel_index:1b peak_rssi:1b first_seen:1b last_seen:1b tag_seen_count:1b access_spec_id:1b _:6b
    > C1G2EPCMemorySelector*
239 AccessReportSpec trigger:u8
240 TagReportData > EPCData|EPC_96 ROSpecID? SpecIndex? InventoryParameterSpecID? AntennaID? PeakRSSI?
    ChannelIndex? FirstSeenTimestampUTC? FirstSeenTimestampUptime? LastSeenTimestampUTC?
    LastSeenTimestampUptime? TagSeenCount? C1G2_PC|C1G2_CRC|C1G2_XPCW1|C1G2_XPCW2* AccessSpecID?
    C1G2ReadOpSpecResult|C1G2WriteOpSpecResult|C1G2KillOpSpecResult|C1G2RecommissionOpSpecResult|C1G2LockOpSpecResult|C1G2BlockEraseOpSpecResult|C1G2BlockWriteOpSpecResult|C1G2BlockPermalockOpSpecResult|C1G2GetBlockPermalockStatusOpSpecResult|ClientRequestOpSpecResult*
    Custom*
241 EPCData epc:u1v
242 RFSurveyReportData > ROSpecID? SpecIndex? FrequencyRSSILevelEntry* Custom*
243 FrequencyRSSILevelEntry frequency:u32 bandwidth:u32 average_rssi:s8 peak_rssi:s8 > UTCTimestamp|Uptime
244 ReaderEventNotificationSpec > EventNotificationState*
245 EventNotificationState event_type:u16 notification_state:1b _:7b
246 ReaderEventNotificationData > UTCTimestamp|Uptime HoppingEvent? GPIEvent? ROSpecEvent?
    ReportBufferLevelWarningEvent? ReportBufferOverflowErrorEvent? ReaderExceptionEvent? RFSurveyEvent?
    AISpecEvent? AntennaEvent? ConnectionAttemptEvent? ConnectionCloseEvent? SpecLoopEvent? Custom*
247 HoppingEvent hop_table_id:u16 next_channel_index:u16
248 GPIEvent gpi_port:u16 gpi_event:1b _:7b
249 ROSpecEvent type:u8 rospec_id:u32 preempting_rospec_id:u32
250 ReportBufferLevelWarningEvent percentage_full:u8
251 ReportBufferOverflowErrorEvent
252 ReaderExceptionEvent message:utf8v > ROSpecID? SpecIndex? InventoryParameterSpecID? AntennaID?
    AccessSpecID? OpSpecID? Custom*
253 RFSurveyEvent type:u8 rospec_id:u32 spec_index:u16
254 AISpecEvent type:u8 rospec_id:u32 spec_index:u16 > C1G2SingulationDetails?
255 AntennaEvent type:u8 antenna_id:u16
256 ConnectionAttemptEvent status:u16
257 ConnectionCloseEvent
287 LLRPStatus status_code:u16 error_description:utf8v > FieldError? ParameterError?
288 FieldError field_num:u16 error_code:u16
289 ParameterError parameter_type:u16 error_code:u16 > FieldError? ParameterError?
327 C1G2LLRPCapabilities can_support_block_erase:1b can_support_block_write:1b
    can_support_block_permalock:1b can_support_recommissioning:1b can_support_umi_method_2:1b
    can_support_xpc:1b _:2b max_select_filters_per_query:u16
328 C1G2UHFRFModeTable > C1G2UHFRFModeTableEntry*
329 C1G2UHFRFModeTableEntry mode_id:u32 dr:1b epc_hag_conformance:1b _:6b m:u8 forward_link_modulation:u8
    spectral_mask:u8 bdr:u32 pie:u32 min_tari:u32 max_tari:u32 step_tari:u32
330 C1G2InventoryCommand state_aware:1b _:7b > C1G2Filter* C1G2RFControl? C1G2SingulationControl? Custom*
331 C1G2Filter truncate:2b _:6b > C1G2TagInventoryMask C1G2TagInventoryStateAwareFilterAction?
    C1G2TagInventoryStateUnawareFilterAction?
332 C1G2TagInventoryMask memory_bank:2b _:6b pointer:u16 tag_mask:u1v
333 C1G2TagInventoryStateAwareFilterAction target:u8 action:u8
334 C1G2TagInventoryStateUnawareFilterAction action:u8
335 C1G2RFControl mode_index:u16 tari:u16
336 C1G2SingulationControl session:2b _:6b tag_population:u16 tag_transit_time:u32
    > C1G2TagInventoryStateAwareSingulationAction?
337 C1G2TagInventoryStateAwareSingulationAction i:1b s:1b s_all:1b _:5b
338 C1G2TagSpec > C1G2TargetTag*
339 C1G2TargetTag memory_bank:2b match:1b _:5b pointer:u16 tag_mask:u1v tag_data:u1v
341 C1G2Read op_spec_id:u16 access_password:u32 memory_bank:2b _:6b word_pointer:u16 word_count:u16
342 C1G2Write op_spec_id:u16 access_password:u32 memory_bank:2b _:6b word_pointer:u16 data:u16v
343 C1G2Kill op_spec_id:u16 kill_password:u32
344 C1G2Lock op_spec_id:u16 access_password:u32 > C1G2LockPayload*
345 C1G2LockPayload privilege:u8 data_field:u8
346 C1G2BlockErase op_spec_id:u16 access_password:u32 memory_bank:2b _:6b word_pointer:u16 word_count:u16
347 C1G2BlockWrite op_spec_id:u16 access_password:u32 memory_bank:2b _:6b word_pointer:u16 data:u16v
348 C1G2EPCMemorySelector crc:1b pc_bits:1b xpc_bits:1b _:5b
349 C1G2ReadOpSpecResult result:u8 op_spec_id:u16 data:u16v
350 C1G2WriteOpSpecResult result:u8 op_spec_id:u16 words_written:u16
351 C1G2KillOpSpecResult result:u8 op_spec_id:u16
352 C1G2LockOpSpecResult result:u8 op_spec_id:u16
353 C1G2BlockEraseOpSpecResult result:u8 op_spec_id:u16
354 C1G2BlockWriteOpSpecResult result:u8 op_spec_id:u16 words_written:u16
355 LoopSpec loop_count:u32
356 SpecLoopEvent rospec_id:u32 loop_count:u32
357 C1G2Recommission op_spec_id:u16 kill_password:u32 recommission_bits:u8
358 C1G2BlockPermalock op_spec_id:u16 access_password:u32 memory_bank:2b _:6b block_pointer:u16
    block_mask:u16v
359 C1G2GetBlockPermalockStatus op_spec_id:u16 access_password:u32 memory_bank:2b _:6b block_pointer:u16
    block_range:u16
360 C1G2RecommissionOpSpecResult result:u8 op_spec_id:u16
361 C1G2BlockPermalockOpSpecResult result:u8 op_spec_id:u16
362 C1G2GetBlockPermalockStatusOpSpecResult result:u8 op_spec_id:u16 status:u16v
363 MaximumReceiveSensitivity sensitivity:s16
365 RFSurveyFrequencyCapabilities minimum:u32 maximum:u32
1023 Custom vendor:u32 subtype:u32 data:rest
25882/21 ImpinjRequestedData requested_data:u32 > Custom*
25882/22 ImpinjSubRegulatoryRegion region:u16 > Custom*
25882/23 ImpinjInventorySearchMode mode:u16 > Custom*
25882/26 ImpinjFixedFrequencyList mode:u16 _:16b channels:u16v > Custom*
25882/27 ImpinjReducedPowerFrequencyList mode:u16 _:16b channels:u16v > Custom*
25882/28 ImpinjLowDutyCycle mode:u16 empty_field_timeout:u16 field_ping_interval:u16 > Custom*
25882/29 ImpinjDetailedVersion model_name:utf8v serial_number:utf8v software_version:utf8v
    firmware_version:utf8v fpga_version:utf8v pcba_version:utf8v > ImpinjHubVersions? ImpinjArrayVersion?
    Custom*
25882/30 ImpinjFrequencyCapabilities frequencies:u32v > Custom*
25882/36 ImpinjGPIDebounceConfiguration gpi_port:u16 debounce_timer:u32 > Custom*
25882/37 ImpinjReaderTemperature temperature:s16 > Custom*
25882/38 ImpinjLinkMonitorConfiguration mode:u16 link_down_threshold:u16 > Custom*
25882/39 ImpinjReportBufferConfiguration mode:u16 > Custom*
25882/40 ImpinjAccessSpecConfiguration > ImpinjBlockWriteWordCount? ImpinjOpSpecRetryCount?
    ImpinjAccessSpecOrdering? Custom*
25882/41 ImpinjBlockWriteWordCount word_count:u16 > Custom*
25882/50 ImpinjTagReportContentSelector > ImpinjEnableSerializedTID? ImpinjEnableRFPhaseAngle?
    ImpinjEnablePeakRSSI? ImpinjEnableGPSCoordinates? ImpinjEnableOptimizedRead?
    ImpinjEnableRFDopplerFrequency? Custom*
25882/51 ImpinjEnableSerializedTID mode:u16 > Custom*
25882/52 ImpinjEnableRFPhaseAngle mode:u16 > Custom*
25882/53 ImpinjEnablePeakRSSI mode:u16 > Custom*
25882/54 ImpinjEnableGPSCoordinates mode:u16 > Custom*
25882/55 ImpinjSerializedTID tid:u16v > Custom*
25882/56 ImpinjRFPhaseAngle phase_angle:u16 > Custom*
25882/57 ImpinjPeakRSSI rssi:s16 > Custom*
25882/58 ImpinjGPSCoordinates latitude:s32 longitude:s32 > Custom*
25882/63 ImpinjOpSpecRetryCount retry_count:u16 > Custom*
25882/64 ImpinjAdvancedGPOConfiguration gpo_port:u16 mode:u16 pulse_duration:u32 > Custom*
25882/65 ImpinjEnableOptimizedRead mode:u16 > C1G2Read* Custom*
25882/66 ImpinjAccessSpecOrdering mode:u16 > Custom*
25882/67 ImpinjEnableRFDopplerFrequency mode:u16 > Custom*
25882/68 ImpinjRFDopplerFrequency doppler_frequency:s16 > Custom*
25882/1520 ImpinjArrayVersion serial_number:utf8v firmware_version:utf8v pcba_version:utf8v > Custom*
25882/1537 ImpinjHubVersions > ImpinjArrayVersion* Custom*
25882/1538 ImpinjHubConfiguration hub_id:u16 connected:u16 fault:u16 > Custom*
"""

MESSAGES: dict[str, Spec] = {spec.name: spec for spec in parse(_MESSAGES)}
"""Messages by name."""

PARAMETERS: dict[str, Spec] = {spec.name: spec for spec in parse(_PARAMETERS)}
"""Parameters by name."""

MESSAGE_TYPES: dict[Key, Spec] = {spec.key: spec for spec in MESSAGES.values()}
"""Messages by type number or (vendor, subtype)."""

PARAMETER_TYPES: dict[Key, Spec] = {spec.key: spec for spec in PARAMETERS.values()}
"""Parameters by type number or (vendor, subtype)."""
